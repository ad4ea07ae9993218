#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "OpenSSL 3 is needed"
#endif

// What OpenSSL offers as macros, which Swift cannot see. Each function is named after its macro and does what it does.

// MARK: Contexts

static inline int gatehouse_ctx_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int gatehouse_ctx_set_max_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void gatehouse_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline void gatehouse_ctx_set_session_cache_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

static inline int gatehouse_ctx_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline int gatehouse_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline void gatehouse_ctx_set_server_name_callback(SSL_CTX *context, int (*callback)(SSL *, int *, void *),
                                                          void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

// `SSL_OP_…` are 64-bit shifts behind a macro.
static const uint64_t gatehouse_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t gatehouse_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t gatehouse_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t gatehouse_op_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;
static const long gatehouse_mode_release_buffers = SSL_MODE_RELEASE_BUFFERS;

// MARK: Connections

static inline void gatehouse_ssl_set_message_argument(SSL *ssl, void *argument) {
    SSL_set_msg_callback_arg(ssl, argument);
}

static inline int gatehouse_ssl_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void gatehouse_bio_ask_again(BIO *bio) { BIO_set_retry_read(bio); }

static inline void gatehouse_bio_clear_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline int gatehouse_bio_source_sink_type(void) { return BIO_get_new_index() | BIO_TYPE_SOURCE_SINK; }

// MARK: Certificates

static inline long gatehouse_bio_memory(BIO *bio, const char **bytes) { return BIO_get_mem_data(bio, (char **)bytes); }

static inline int gatehouse_general_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

static inline const GENERAL_NAME *gatehouse_general_name(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

/// RFC 2253; UTF-8 stays as it is, control characters are escaped.
static inline int gatehouse_name_print(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

// MARK: Session tickets

/// Keys the MAC of a session ticket: HMAC with SHA-256.
static inline int gatehouse_ticket_mac(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[3] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}
