#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What SIGINT and SIGTERM do: they end the command at once, and what was written stays.
///
/// A shell sees the status 130 or 143. The first process of a container would never get these signals without a handler,
/// and is not ended by raising them either.
enum Interruption {
    /// Handles both signals, unless whoever started the command had them ignored, as nohup does.
    static func install() {
        for number in [SIGINT, SIGTERM] {
            var earlier = sigaction()
            guard sigaction(number, nil, &earlier) == 0, !isIgnored(earlier) else { continue }
            var action = sigaction()
            action.handle { number in
                // Back at its default since the handler was entered, so that the parent sees which signal it was.
                raise(number)
                _exit(128 + number)
            }
            action.sa_flags = CInt(bitPattern: UInt32(SA_RESETHAND)) | CInt(SA_NODEFER)
            sigaction(number, &action, nil)
        }
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        #if canImport(Glibc)
            let handler = action.__sigaction_handler.sa_handler
        #else
            let handler = action.__sigaction_u.__sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

extension sigaction {
    fileprivate mutating func handle(_ handler: @escaping @convention(c) (CInt) -> Void) {
        #if canImport(Glibc)
            __sigaction_handler.sa_handler = handler
        #else
            __sigaction_u.__sa_handler = handler
        #endif
    }
}
