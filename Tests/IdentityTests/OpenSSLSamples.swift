/// Public keys, and tokens that OpenSSL 3 signed with their other halves.
///
/// The payload of each is `{"iss":"openssl","sub":"u42","exp":4102444800}`.
enum OpenSSLSamples {
    static let rsa = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnjq78w6uMymahcfOTuHG
        pOLBPqPPWUMwihknikFYVID06n/xB11b4mANRspbxkj1gkzmg3MjaQ+eTSKaVF+2
        Lh7ZAZiBv2Y7H9Q0XiACM7atMJsyaO1GMnAiGnMNvnZcBJ3coTq3wG/bw65ph+mV
        7OZPH8aR4xh6hMUcRFe8DruMEW6xdjamFnOb+BzKg8zVd7PAzf/WLmXOk4idxJ+2
        mEReKwFmVHw3j3myO0tRRNpMqvlWpTAxxra64TxeCgA/ADeQDLcVhARhfGY/12Cu
        vR+wmlQPYnV5aHiC1ryJoKX+v+12bl762XhbHtXOHmcDqzXE9GetfbVSpU6YRp8c
        +wIDAQAB
        -----END PUBLIC KEY-----
        """

    /// The same key as ``rsa``.
    static let rsaPKCS1 = """
        -----BEGIN RSA PUBLIC KEY-----
        MIIBCgKCAQEAnjq78w6uMymahcfOTuHGpOLBPqPPWUMwihknikFYVID06n/xB11b
        4mANRspbxkj1gkzmg3MjaQ+eTSKaVF+2Lh7ZAZiBv2Y7H9Q0XiACM7atMJsyaO1G
        MnAiGnMNvnZcBJ3coTq3wG/bw65ph+mV7OZPH8aR4xh6hMUcRFe8DruMEW6xdjam
        FnOb+BzKg8zVd7PAzf/WLmXOk4idxJ+2mEReKwFmVHw3j3myO0tRRNpMqvlWpTAx
        xra64TxeCgA/ADeQDLcVhARhfGY/12CuvR+wmlQPYnV5aHiC1ryJoKX+v+12bl76
        2XhbHtXOHmcDqzXE9GetfbVSpU6YRp8c+wIDAQAB
        -----END RSA PUBLIC KEY-----
        """

    /// 1024 bits.
    static let shortRSA = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6alpT3vPdhASdyZLxg5aC+VaZ
        JbAr4gTuP0qkixFMl+ul55Bv3hFqx5A3TkD8TSwftgs0fTRk3dQRy7uS76NJsny4
        mw5DRfHmAcBpr/wt8Xqu2pYqztv5DtUwn7iujzqfDAKLJKvgcahsiaTZVRDIEnSj
        eA594idB8V46POkBOQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let p256 = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEruiWfzB9XQ7/EE1VSDdAcX8W7Z9v
        vVkWVvaZcg7dViMcfobqP6Ugbf5yVZl1OPzHpKh/U+Fyx2vfcRfe616Z8w==
        -----END PUBLIC KEY-----
        """

    static let p384 = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEIAgnYu4W3J0EQhcCBZzCDO5A2l7Fcseg
        eWDxOJgZoPAyebTaXAUrsjUGEf0IV8ZAyE/UuO+p5SlG3QQj7CC4HBir9pMl52mN
        qKG3gBNpkhs2LucahnplNZeTxW9Y3RwJ
        -----END PUBLIC KEY-----
        """

    static let p521 = """
        -----BEGIN PUBLIC KEY-----
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBi4J1PlWXlNmbVX6ziIDFd2n61yYw
        ODaHHJ94nIwjN9cfHv45NBCpcofZQKiCBVb2P/yZrA90rfmIIgKa0EatThkBut7V
        b5ia4kpkanSDlLtE+3LZmUUQ98kuBp+A1PbS9pGqI5Yf88u4CY34sjWsJJEuKw33
        mw1JVN9pAHcjImzafHk=
        -----END PUBLIC KEY-----
        """

    static let ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAal43DiyzqCdNKpUqDs0xh08gaV+RHMvjuZryPainugs=
        -----END PUBLIC KEY-----
        """

    static let secp256k1 = """
        -----BEGIN PUBLIC KEY-----
        MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE4ajD4cW2+csWHPUB6/P9CFm2P0LvLp9+
        C+uJ3W2BVOaIGRQN1cUh3PMZR5W/JjkbyrXoK7YXipIEnMvG5cJX6Q==
        -----END PUBLIC KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBbTCCAROgAwIBAgIURY39a70B13eUpCSOGh0dqzdSogYwCgYIKoZIzj0EAwIw
        DDEKMAgGA1UEAwwBeDAeFw0yNjExMjEwNDMzMTVaFw0yNjExMjIwNDMzMTVaMAwx
        CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASu6JZ/MH1dDv8Q
        TVVIN0Bxfxbtn2+9WRZW9plyDt1WIxx+huo/pSBt/nJVmXU4/MekqH9T4XLHa99x
        F97rXpnzo1MwUTAdBgNVHQ4EFgQUF7qOVqQlhzrD4N5eHuCUt7LCuYMwHwYDVR0j
        BBgwFoAUF7qOVqQlhzrD4N5eHuCUt7LCuYMwDwYDVR0TAQH/BAUwAwEB/zAKBggq
        hkjOPQQDAgNIADBFAiEA2ZiNAb9zl9K6d695iieQt60vkJ8xaXlIhqNiscZTdj8C
        IGloEY+Hw37L8Q9GL8YApX5moGpjh6ht6VzT+wF+/D29
        -----END CERTIFICATE-----
        """

    static let tokenRS384 = """
        eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.XbwVGAAEN_WY85NO\
        rJxU3CRieaDCysYIsJ_wGIsuXdOF6rkcyPv_n0LK0tMmNZKkChz624cL6eQQyNJVazqiADcksu0Uhs6eAybwZ6jjKTVpSZ-\
        H4JNgP7jAUhyGmIL5gF8GV45Vvy74YnWSkKGMYiJaNGRbUUyjetoQDFxgxul8uw7t9BJrtCeHdz7j9M25b9w98go02Au7eDzQ9US\
        Q-viHslnxfgGqptPra4NDVtGrOyVA_32mFe5XwEzOn98rk8isbnWrj5WRCWACdJJOcnha2qqeJxRqw5bxRlo5DLPOhicIjM0fwZg\
        mE5v8tTMFNX8ysO14phpQ4bAX6aTPxA
        """

    static let tokenPS256 = """
        eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.EqR5NwY1MRJ7kXOP\
        G4XOd-dTs-F8JNPZ36f22DsQd3RZ6MkVLxincA_freRLIpbArp5m7V8j10-7tQSAHTTBzDk_3UmZg4a-\
        VvRLNaOGLSHqiRfApY5K7dED3lQJ2bptI_qgdYTWzw12bJMlXA1wcDb-2MmpfL-\
        5EIDHsl2fl7BueetdVcPfxFj7EPkJ2xwYaTpSKDVSnZzl9kZpouiMLHlduQDJZJX-PzDl2v71WEiKCxiEqxZhahQaaVyZITeoOnK\
        IibR2VKIR27qfsiEOdKKNDILNbN8bDOEvwMBE4t40VPFY4sA1eaTj5MuB_NBpYRobBof6E9UVThmAgKY6Xw
        """

    static let tokenPS512 = """
        eyJhbGciOiJQUzUxMiJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.WLirSFMjxRDUTs-\
        gvOpo4VvHObKRMBMNCpeuBfN8-lj3UXzrvznVtU2UfASTHAIS_DWnsTtqDTXdd4yQFIqffrlq-\
        AWqeaZgNPTAaWN_9-N6BMXOBigcsjuRxXYVr5uOwcl1UxjHY-CiHbfStptQfXTW2YJLmrvIWWx9EZUuxnYqXQ5Vbl2Wu2VqKeYNV\
        AQeW7jvwdh2S0StrKW1mIZOHluX8bWndipQYwWuLH2CDr3vh1dqUBlPq3MICcpPL7FTtoxnmZfBgfCkSfF2fH40SH6gpzHsRjmah\
        jgImmmUFWB6VwlNwesWmS3rI1ZHeynF0l1O1sd1s3uhPkUvpDnhCA
        """

    static let tokenES256 = """
        eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.moUVtBCdnuaErath\
        LeLeby4EHLErfMvYKriVYxI8RRflVvfn8GWKzco1WFR1YoYTKMochPZaqSh02Q5moqJV-A
        """

    static let tokenES384 = """
        eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.DL4H-\
        MDLzKPIbafVLDsi2pzcWNwzlIwJeLxWIBZw0ZPKj0F0OABBajs9YqsyCB5jki0SrZx93-\
        5_dVHlVbfRemvNd5k6ius6Wvzxu1r_yBHhG33q9Xf3EuoNmYh35nR4
        """

    static let tokenES512 = """
        eyJhbGciOiJFUzUxMiJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.AZtWQaumnts9xPW5\
        Rv52kSzTenq23NPXeYGKLjIPS8Yk6nClpFN54chrBg88iSz-lHQwTME0Y3n1-2H0Acv3ZSfiAbq0mHkRBeL-\
        TzANOdDS7d4LB5-F9g4Hvw6poR19tEVBpWEcFTeGO9Bg1-M8yP9d6HtGenibhZyZfg7t4dQUb-P8
        """

    static let tokenEdDSA = """
        eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJvcGVuc3NsIiwic3ViIjoidTQyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.nfAIxnZXV0ykYvNg\
        VQ8K2Z5BL2kik4dBHFpRLGC3o-2C3e0lTTBXeD7GbM3VAamdzP2iWJCXEKPmn1HRM-jvDQ
        """

}
