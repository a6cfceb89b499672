import ArgumentParser
import Checkpoints
import Fovea

#if Hub
    import ModelHub

    /// The command `fovea pull`.
    struct Pull: AsyncParsableCommand, VerboseCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download a model from the Hugging Face hub into its cache.",
            discussion: """
                Fetches the configuration and the weights, nothing else, and prints the folder in which they lie; every \
                command then takes the name as --model. A download that was cut off goes on where it stopped, and every \
                file's length and hash are checked, also of files that lie there already.

                The variables of Hugging Face's own tools count: HF_HOME or HF_HUB_CACHE (where models lie), HF_ENDPOINT \
                (where the hub is), HF_TOKEN or the file HF_TOKEN_PATH (for models that are private or gated; sent to the \
                endpoint alone), HF_HUB_OFFLINE. HTTPS_PROXY, HTTP_PROXY and NO_PROXY lead through a proxy.

                Exit status: 2 where HF_HUB_OFFLINE forbids it, or the endpoint, the token or the proxy makes no sense; 4 \
                where there is no such model or it is not open to you; 8 where it cannot be downloaded or stored.

                Examples:
                  fovea pull timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k
                  fovea pull google/vit-base-patch16-224@main
                """)

        @Argument(
            help: ArgumentHelp(
                "OWNER/NAME, or OWNER/NAME@REVISION for a branch, a tag or a commit.", valueName: "owner/name"))
        var name: HubModel

        @OptionGroup var verbosity: Verbosity

        func run() async throws {
            let progress = PullProgress(verbosity)
            do throws(CheckpointError) {
                let folder = try await ModelPull.run(
                    name, settings: HubSettings(), userAgent: "fovea/\(FoveaVersion.current)", report: progress.show)
                Console.write(folder + "\n")
            } catch {
                progress.erase()
                // Here the file system is where the model goes, not where it comes from.
                let isStorage = [.permissionDenied, .fileNotFound, .notRegularFile, .readFailed].contains(error.code)
                throw isStorage ? FoveaError(error, category: .output) : FoveaError(error)
            }
        }
    }

    extension HubModel: ExpressibleByArgument {
        /// Reads the argument.
        package init?(argument: String) { self.init(argument) }
    }
#else
    /// The command `fovea pull` where the program was built without it.
    struct Pull: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download a model from the Hugging Face hub (not in this build).",
            discussion: """
                This build has no HTTP client; build it with swift build -c release --product fovea, without \
                --disable-default-traits.
                """)

        @Argument(help: .hidden)
        var name: [String] = []

        func run() throws {
            throw FoveaError(
                .usage, code: "NO_PULL",
                "this build cannot download: build it without --disable-default-traits, or fetch the model's files with "
                    + "another tool and name their folder with --model")
        }
    }
#endif
