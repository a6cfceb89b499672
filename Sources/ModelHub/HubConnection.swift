import AsyncHTTPClient
import Checkpoints
import NIOCore
import NIOHTTP1

/// Requests to the hub: redirects are followed, and only the hub itself gets the token.
struct HubConnection {
    private let client: HTTPClient
    private let endpoint: String
    private let token: String?
    private let userAgent: String
    private let model: HubModel

    /// An answer, and the address that gave it.
    struct Answer {
        let response: HTTPClientResponse
        let url: String

        var status: Int { Int(response.status.code) }

        /// The value of a header; nil where there is none.
        func header(_ name: String) -> String? { response.headers.first(name: name) }
    }

    private static let redirectLimit = 10
    /// Silence that counts as a cut connection.
    private static let silence = TimeAmount.seconds(60)

    /// Opens connections for the time of `body`.
    static func with<Result>(
        _ settings: HubSettings, model: HubModel, userAgent: String,
        _ body: (HubConnection) async throws(CheckpointError) -> Result
    ) async throws(CheckpointError) -> Result {
        let token = try settings.token()
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(15), read: silence),
            decompression: .disabled)
        // One file at a time, for which HTTP/1.1 needs no window; and failures are ours to count.
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy = try settings.proxy.get() {
            configuration.proxy = .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(username: $0.user, password: $0.password) })
        }
        let client = HTTPClient(configuration: configuration)
        let connection = HubConnection(
            client: client, endpoint: settings.endpoint, token: token, userAgent: userAgent, model: model)
        let outcome: Swift.Result<Result, CheckpointError>
        do throws(CheckpointError) {
            outcome = .success(try await body(connection))
        } catch {
            outcome = .failure(error)
        }
        // Only a client that was shut down already refuses.
        try? await client.shutdown()
        return try outcome.get()
    }

    /// Asks, and follows redirects until there is an answer that is none or that `isEnough`.
    ///
    /// Throws what the hub's status says, where it is neither success nor one of `accepting`.
    func ask(
        _ method: HTTPMethod, _ path: String, range start: Int? = nil, accepting: Set<Int> = [],
        isEnough: (Answer) -> Bool = { _ in false }
    ) async throws(HubFailure) -> Answer {
        var url = endpoint + path
        for _ in 0..<Self.redirectLimit {
            let answer = try await send(method, url, range: start)
            if isEnough(answer) { return answer }
            switch answer.status {
            case 301, 302, 303, 307, 308:
                guard let location = answer.header("Location"), let next = URLText.resolve(location, from: url) else {
                    throw .final(.hub(answer: "redirects to nowhere", found: answer.header("Location"), from: url))
                }
                url = next
            case 200..<300: return answer
            case let status where accepting.contains(status): return answer
            default: throw failure(of: answer)
            }
        }
        throw .final(.hub(answer: "redirects more than \(Self.redirectLimit) times", from: endpoint + path))
    }

    /// The whole body of a small answer.
    func body(of answer: Answer, limit: Int) async throws(HubFailure) -> [UInt8] {
        do {
            return Array(try await answer.response.body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw .final(.hub(answer: "answers with more than \(limit) bytes", from: answer.url))
        } catch {
            throw .transient(.hub(connection: error, url: answer.url))
        }
    }

    private func send(_ method: HTTPMethod, _ url: String, range start: Int?) async throws(HubFailure) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "User-Agent", value: userAgent)
        // Lengths and hashes are those of the file, not of a packed one.
        request.headers.add(name: "Accept-Encoding", value: "identity")
        if let start { request.headers.add(name: "Range", value: "bytes=\(start)-") }
        if let token, URLText.origin(of: url) == URLText.origin(of: endpoint) {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        do {
            return Answer(response: try await client.execute(request, deadline: .distantFuture), url: url)
        } catch {
            throw .transient(.hub(connection: error, url: url))
        }
    }

    private func failure(of answer: Answer) -> HubFailure {
        let error = CheckpointError.hub(
            status: answer.response.status, answer.response.headers, model: model, url: answer.url,
            hasToken: token != nil)
        guard [408, 429, 500, 502, 503, 504].contains(answer.status) else { return .final(error) }
        return .transient(error, after: answer.header("Retry-After").flatMap { Int($0) }.map { .seconds(max(0, $0)) })
    }
}
