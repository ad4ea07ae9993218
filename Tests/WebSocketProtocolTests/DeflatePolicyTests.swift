import Testing
import WebSocketProtocol

@Suite struct DeflatePolicyTests {
    private static let takeover = DeflatePolicy(serverNoContextTakeover: false, clientNoContextTakeover: false)

    private func answer(_ field: String, _ policy: DeflatePolicy = DeflatePolicy()) -> String? {
        ExtensionOffer.parse([field]).flatMap { policy.accept($0) }?.answer
    }

    @Test(
        arguments: [
            ("permessage-deflate", ""),
            ("permessage-deflate; client_max_window_bits", ""),
            ("permessage-deflate; client_max_window_bits=15", ""),
            ("permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8"),
            ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", ""),
            ("permessage-deflate; server_max_window_bits=15", ""),
            ("permessage-deflate; server_max_window_bits=8", "; server_max_window_bits=8"),
            ("permessage-deflate; server_max_window_bits=\"9\"", "; server_max_window_bits=9"),
            (
                "permessage-deflate; client_max_window_bits=11; server_max_window_bits=12",
                "; server_max_window_bits=12; client_max_window_bits=11"
            ),
        ])
    func `W13 every parameter is understood and by default nobody takes a context over`(offer: String, rest: String) {
        #expect(
            answer(offer) == "permessage-deflate; server_no_context_takeover; client_no_context_takeover" + rest)
    }

    @Test(
        arguments: [
            "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=0",
            "server_max_window_bits",
            "server_max_window_bits=08", "server_max_window_bits=010", "server_max_window_bits=-9",
            "server_max_window_bits=99999999999999999999", "server_max_window_bits=9.0", "server_max_window_bits=+9",
            "client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=x",
            "client_max_window_bits=015", "server_no_context_takeover=1", "client_no_context_takeover=true",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits; client_max_window_bits=9",
            "server_max_window_bits=9; server_max_window_bits=9", "unknown", "unknown=1", "Server_no_context_takeover",
        ])
    func `W13 an offer with a fault is declined and the next one has its chance`(parameters: String) {
        #expect(answer("permessage-deflate; " + parameters) == nil)
        #expect(
            answer("permessage-deflate; \(parameters), permessage-deflate; server_max_window_bits=10")
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10"
        )
    }

    @Test(arguments: ["", "x-webkit-deflate-frame", "permessage-bzip2", "PERMESSAGE-DEFLATE", "deflate"])
    func `W13 other extensions are not ours`(field: String) {
        #expect(answer(field) == nil)
    }

    @Test func `the first good offer wins`() {
        let field = "foo, permessage-deflate; server_max_window_bits=9, permessage-deflate"
        #expect(answer(field)?.hasSuffix("server_max_window_bits=9") == true)
    }

    @Test func `where contexts may be taken over a client may still say no`() {
        #expect(answer("permessage-deflate", Self.takeover) == "permessage-deflate")
        #expect(
            answer("permessage-deflate; server_no_context_takeover", Self.takeover)
                == "permessage-deflate; server_no_context_takeover")
        #expect(
            answer("permessage-deflate; client_no_context_takeover", Self.takeover)
                == "permessage-deflate; client_no_context_takeover")
    }

    @Test func `the windows are what both sides bear`() {
        let small = DeflatePolicy(serverMaxWindowBits: 10, clientMaxWindowBits: 11)
        let none = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        // A client that says nothing of its window may not be told of it.
        #expect(answer("permessage-deflate", small) == none + "; server_max_window_bits=10")
        #expect(
            answer("permessage-deflate; client_max_window_bits", small)
                == none + "; server_max_window_bits=10; client_max_window_bits=11")
        #expect(
            answer("permessage-deflate; client_max_window_bits=9; server_max_window_bits=12", small)
                == none + "; server_max_window_bits=10; client_max_window_bits=9")
    }

    @Test func `the default asks for nothing that a client has not heard of`() {
        #expect(DeflatePolicy() == DeflatePolicy(serverNoContextTakeover: true, clientNoContextTakeover: true))
    }
}
