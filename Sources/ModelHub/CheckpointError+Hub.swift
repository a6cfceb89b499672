import AsyncHTTPClient
import Checkpoints
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension CheckpointError {
    /// A status that ends the matter; `subject` is the model, or the address asked for.
    ///
    /// The hub answers 401 for a model that does not exist, too, and tells the cases apart in `X-Error-Code`.
    static func hub(
        status: HTTPResponseStatus, _ headers: HTTPHeaders, model: HubModel, url: String, hasToken: Bool
    ) -> CheckpointError {
        switch (status.code, headers.first(name: "X-Error-Code")) {
        case (401, "GatedRepo"), (403, "GatedRepo"):
            return CheckpointError(
                .hubDenied, file: model.identifier, "is gated",
                next:
                    "accept its terms at \(URLText.origin(of: url))/\(model.identifier), then set HF_TOKEN to your token"
            )
        case (404, "RevisionNotFound"):
            return CheckpointError(
                .hubNotFound, file: model.identifier, "has no revision '\(model.revision)' on the hub",
                next: "name a branch, a tag or a commit of it")
        case (401, _), (403, _):
            return hasToken
                ? CheckpointError(
                    .hubDenied, file: model.identifier,
                    "is not open to the token that was sent, or does not exist (status \(status.code))",
                    next: "check the name, and whose token HF_TOKEN is")
                : CheckpointError(
                    .hubDenied, file: model.identifier,
                    "is private or gated, or does not exist (status \(status.code))",
                    next: "check the name, or set HF_TOKEN to your token")
        case (404, _):
            return CheckpointError(
                .hubNotFound, file: model.description, "is not on the hub: \(url) does not exist",
                next: "check the name and the revision")
        default:
            return CheckpointError(
                .hubNetwork, file: url, "was answered with status \(status.code) \(status.reasonPhrase)",
                next: "try again later")
        }
    }

    /// An answer that lacks something, or has something that it must not.
    static func hub(answer problem: String, found: String? = nil, from url: String) -> CheckpointError {
        CheckpointError(
            .hubAnswer, file: url, problem, found: found,
            next: "check that HF_ENDPOINT names a server that answers as huggingface.co does")
    }

    /// A connection that cannot be made, or does not last.
    static func hub(connection error: any Error, url: String) -> CheckpointError {
        CheckpointError(
            .hubNetwork, file: url, "cannot be downloaded: \(reason(error))",
            next: "check the network and run the command again, which goes on where it stopped")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription.lowercased()
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first {
                "\(error.host):\(error.port) cannot be reached (\(reason(failure.error)))"
            } else {
                "the name \(error.host) cannot be resolved"
            }
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
