import Dispatch
import Glibc
import Synchronization
import Testing

/// An HTTP server on this machine, one request a connection, whose answers can be cut off at any byte.
final class HTTPServer: Sendable {
    /// What was asked.
    struct Request: Sendable {
        let method: String
        let path: String
        /// By their names in lower case.
        let headers: [String: String]
    }

    /// What is answered; a `Content-Length` is added where there is none.
    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// The connection is closed after so many bytes of the body.
        var cut: Int?
        /// Nothing more is sent after the body's bytes, and the connection stays open for so long.
        var silence: UInt32 = 0
    }

    let port: UInt16
    private let listener: Int32
    private let answer: @Sendable (Request) -> Reply
    private let seen = Mutex<[Request]>([])

    /// Starts to listen at a port that the system chooses.
    init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, size) = (listener, length)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(isBound)
        // A queue of its own: those of the system may all be taken by tests that wait for an answer.
        DispatchQueue(label: "server").async { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let server = self else { return }
                DispatchQueue(label: "connection").async { server.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Where it is.
    var address: String { "http://127.0.0.1:\(port)" }

    /// All requests so far.
    var requests: [Request] { seen.withLock { $0 } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = Self.request(from: connection) else { return }
        seen.withLock { $0.append(request) }
        let reply = answer(request)
        var headers = reply.headers
        headers["Connection"] = "close"
        if headers["Content-Length"] == nil, headers["Transfer-Encoding"] == nil {
            headers["Content-Length"] = "\(reply.body.count)"
        }
        let lines = ["HTTP/1.1 \(reply.status) Answer"] + headers.map { "\($0): \($1)" } + ["", ""]
        Self.send(Array(lines.joined(separator: "\r\n").utf8)[...], to: connection)
        if request.method != "HEAD" { Self.send(reply.body.prefix(reply.cut ?? .max), to: connection) }
        sleep(reply.silence)
    }

    private static func request(from connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard read(connection, &byte, 1) == 1, bytes.count < 1 << 16 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        return Request(method: String(words[0]), path: String(words[1]), headers: headers)
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to connection: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
