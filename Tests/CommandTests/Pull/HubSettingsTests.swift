import Checkpoints
import ModelHub
import Testing

@Suite("what the environment says of the hub")
struct HubSettingsTests {
    private func settings(_ variables: [String: String]) -> HubSettings { HubSettings { variables[$0] } }

    @Test("where models lie")
    func cache() {
        let all = [
            "HOME": "/h", "XDG_CACHE_HOME": "/xdg", "HF_HOME": "~/hf", "HUGGINGFACE_HUB_CACHE": "/old",
            "HF_HUB_CACHE": "/new",
        ]
        #expect(settings([:]).cacheFolder == nil)
        let order = ["HOME", "XDG_CACHE_HOME", "HF_HOME", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"]
        let expected = [
            "/h/.cache/huggingface/hub", "/xdg/huggingface/hub", "/h/hf/hub", "/old", "/new",
        ]
        for (count, folder) in zip(1..., expected) {
            let known = all.filter { order.prefix(count).contains($0.key) }
            #expect(settings(known).cacheFolder == folder)
        }
    }

    @Test("the token, and one that would become part of the request")
    func token() throws {
        let folder = try TemporaryFolder()
        try folder.write("hf_file\n", to: "token")
        #expect(try settings(["HF_HOME": folder.path]).token() == "hf_file")
        #expect(try settings(["HF_TOKEN_PATH": folder("token")]).token() == "hf_file")
        #expect(try settings(["HF_HOME": folder.path, "HF_TOKEN": "hf_variable"]).token() == "hf_variable")
        #expect(try settings(["HF_HOME": folder("nothing")]).token() == nil)
        #expect(try settings(["HF_TOKEN": ""]).token() == nil)
        let error = #expect(throws: CheckpointError.self) { try settings(["HF_TOKEN": "hf_ä"]).token() }
        #expect(error?.code == .hubSettings && error?.description.contains("hf_") == false)
    }

    @Test("the proxy, and hosts that need none")
    func proxy() throws {
        func proxy(_ others: [String: String]) throws -> HubProxy? {
            try settings(["HTTPS_PROXY": "http://me:p%40ss@proxy.example:3128/"].merging(others) { $1 }).proxy.get()
        }
        let found = try #require(try proxy([:]))
        #expect(found.host == "proxy.example" && found.port == 3128)
        #expect(found.credentials?.user == "me" && found.credentials?.password == "p@ss")
        for exception in ["*", "huggingface.co", ".co", "a.b, huggingface.co"] {
            #expect(try proxy(["NO_PROXY": exception]) == nil)
        }
        #expect(try proxy(["NO_PROXY": "face.co"]) != nil)
        #expect(try proxy(["HF_ENDPOINT": "http://mirror:80"]) == nil)
        #expect(throws: CheckpointError.self) { try proxy(["https_proxy": "socks5://x"]) }
    }

    @Test("where a redirect leads")
    func redirects() {
        #expect(URLText.resolve("/b?c", from: "https://h:1/a/x") == "https://h:1/b?c")
        #expect(URLText.resolve("//k/b", from: "https://h/a") == "https://k/b")
        #expect(URLText.resolve("https://k/b", from: "http://h/a") == "https://k/b")
        #expect(URLText.resolve("http://k/b", from: "https://h/a") == nil)
        #expect(URLText.origin(of: "https://Hub.co/x@evil") == URLText.origin(of: "https://hub.CO?y"))
        for other in [
            "http://hub.co/", "https://hub.co:444/", "https://hub.co@evil/", "https://hub.co.evil/", "hub.co",
        ] {
            #expect(URLText.origin(of: other) != URLText.origin(of: "https://hub.co/"))
        }
    }
}
