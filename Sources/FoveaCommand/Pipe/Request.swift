import Checkpoints
import Fovea
import Imaging

/// A line of `pipe`, but for the picture itself: what the answer should carry.
struct Request {
    /// What the answer repeats; nil where the request has none.
    let id: JSON?
    /// The path that was given; nil for a picture inside the request.
    let input: String?
    /// Why there is no picture to look at; nil where there is one.
    let refusal: FoveaError?

    /// Its place in the input, from 1; answers do not tell it, so that they are the same however requests are divided.
    let number: Int

    /// Reads a line, and the picture that it asks about.
    static func read(_ line: [UInt8], number: Int) -> (request: Request, picture: PictureSource) {
        let (id, input, picture) = parse(line)
        let refusal: FoveaError? = if case .failure(let error) = picture { error } else { nil }
        return (
            Request(id: id, input: input, refusal: refusal, number: number), (try? picture.get()) ?? .refused
        )
    }

    private static func parse(
        _ line: [UInt8]
    ) -> (id: JSON?, input: String?, picture: Result<PictureSource, FoveaError>) {
        func refused(_ problem: String, code: String = "REQUEST") -> Result<PictureSource, FoveaError> {
            .failure(FoveaError(.input, code: code, "the request \(problem)"))
        }
        let line = line.last == UInt8(ascii: "\n") ? line.dropLast() : line[...]
        let request: JSON
        do {
            request = try JSON(parsing: Array(line))
        } catch {
            return (nil, nil, refused("is no JSON: \(error.description)", code: "REQUEST_JSON"))
        }
        if let path = request.string { return (nil, path, .success(.file(path))) }
        // Tables with a column for each often have null in one of them.
        func field(_ name: String) -> JSON? {
            if let value = request[name], value != .null { return value }
            return Optional.none
        }
        let picture: Result<PictureSource, FoveaError>
        switch (field("path"), field("base64")) {
        case (.string(let path)?, nil): picture = .success(.file(path))
        case (nil, .string(let text)?):
            picture = Base64.decode(text).map { .encoded($0, name: "the picture sent") }.mapError { malformed in
                FoveaError(
                    .input, code: "IMG_BASE64",
                    "base64 is malformed at its byte \(malformed.offset); encode the file's bytes by RFC 4648, "
                        + "padded and without line breaks")
            }
        case (.some, .some): picture = refused("has both path and base64; give one of them")
        case (nil, nil):
            picture = refused(
                "asks for no picture; send {\"path\": \"cat.jpg\"}, {\"base64\": \"…\"} or \"cat.jpg\"")
        default: picture = refused("has a path or base64 that is no string; write it in quotes")
        }
        return (request["id"], request["path"]?.string, picture)
    }

    /// A line that was too long to be read.
    static func tooLong(_ limit: Int, number: Int) -> (request: Request, picture: PictureSource) {
        let refusal = FoveaError(
            .input, code: "REQUEST_LENGTH",
            "the request has more than \(limit) bytes; send the path of a picture of that size")
        return (Request(id: nil, input: nil, refusal: refusal, number: number), .refused)
    }

    /// The object that answers the request.
    func answer(_ row: JSON) -> JSON {
        var answer = JSON.Object()
        answer["id"] = id
        answer["input"] = input.map { JSON($0) }
        for member in row.object?.members ?? [] where member.key != "input" { answer[member.key] = member.value }
        return .object(answer)
    }
}

/// The requests on standard input, whose pictures are looked at in their order.
final class RequestLines: PictureSupply {
    private let lines: LineReader
    private var number = 0
    /// Those that have not been answered, without their pictures.
    private var waiting: [Request] = []

    /// Reads standard input.
    ///
    /// - Parameter pictureLimit: The most bytes a picture inside a request may have.
    init(pictureLimit: Int) throws(FoveaError) {
        // Four digits for three bytes, and room for what stands around them.
        lines = try LineReader("-", limit: pictureLimit / 3 * 4 + 1 << 16)
    }

    func next(_ patience: Patience) throws(FoveaError) -> SuppliedPicture {
        let read: (request: Request, picture: PictureSource)
        switch try lines.next(patience) {
        case .end: return .end
        case .notYet: return .notYet
        case .tooLong: read = Request.tooLong(lines.limit, number: number + 1)
        case .line(let line): read = Request.read(line, number: number + 1)
        }
        number += 1
        waiting.append(read.request)
        return .picture(read.picture)
    }

    /// The request that is answered next.
    func removeFirst() -> Request { waiting.removeFirst() }

    /// All requests that were read and have no answer.
    func removeAll() -> [Request] {
        defer { waiting = [] }
        return waiting
    }
}

extension PictureSource {
    /// Something unreadable in place of a picture that was not sent, so that the answer keeps its turn.
    fileprivate static let refused = PictureSource.unreadable(ImageError(.empty, "no picture was sent"), name: "")
}
