import Fovea
import OperationCases
import Operations
import Testing

@Suite("Verification of operations can fail")
struct AgreementTests {
    private func agreement(_ operationCase: any OperationCase, on backend: FaultyBackend) -> Agreement {
        Agreement(
            running: operationCase, on: backend, expected: operationCase.run(on: ReferenceBackend()))
    }

    @Test("a backend without a fault agrees in every case")
    func sound() {
        for operationCase in OperationCases.small {
            let agreement = agreement(operationCase, on: FaultyBackend(nil, .slightlyWrong))
            #expect(agreement.holds && agreement.severity == 0, "\(operationCase): \(agreement.explanation)")
        }
    }

    @Test("a fault is found in every case of its operation, and in no other", arguments: Operation.allCases)
    func faults(operation: Operation) {
        for fault in FaultyBackend.Fault.allCases {
            for operationCase in OperationCases.small {
                let agreement = agreement(operationCase, on: FaultyBackend(operation, fault))
                #expect(agreement.holds == (operationCase.operation != operation), "\(operationCase), \(fault)")
                #expect(agreement.holds == (agreement.severity <= 1))
            }
        }
    }

    @Test("a wrong element is told with its place and both values")
    func place() throws {
        let softmax = try #require(OperationCases.small.first { $0.operation == .softmax })
        let agreement = agreement(softmax, on: FaultyBackend(.softmax, .slightlyWrong))
        let deviation = try #require(agreement.deviation)
        #expect(deviation.normalized > 0.9e-3 && deviation.normalized < 1.1e-3)
        #expect(deviation.worstIndex == [1, 4])
        #expect(agreement.explanation.contains("[1, 4]: \(deviation.actual) instead of \(deviation.expected)"))
    }

    @Test("what else goes wrong is told in words")
    func problems() throws {
        let pooling = try #require(OperationCases.small.first { $0.operation == .pooling })
        let unwritten = agreement(pooling, on: FaultyBackend(.pooling, .unwritten))
        #expect(unwritten.deviation?.normalized == .infinity && unwritten.deviation?.actual.isNaN == true)
        let unsteady = agreement(pooling, on: FaultyBackend(.pooling, .unsteady))
        #expect(unsteady.problem?.hasPrefix("a second run differs at index 37 of [2, 19]") == true)
        #expect(agreement(pooling, on: FaultyBackend(.pooling, .refused)).problem == "the driver refuses")
        let shapes = Agreement("x", HostTensor([2, 3]), expected: HostTensor([3, 2]), tolerance: 1)
        #expect(!shapes.holds && shapes.problem == "the result has shape [2, 3], expected [3, 2]")
    }

    @Test("a tolerance is met exactly or not at all, and NaN never meets one")
    func tolerance() {
        func agreement(_ difference: Float) -> Agreement {
            Agreement("x", HostTensor([2], [1, 1 + difference]), expected: HostTensor([2], [1, 1]), tolerance: 0.5)
        }
        #expect(agreement(0.5).holds)
        #expect(!agreement(Float(0.5).nextUp).holds)
        #expect(!agreement(.nan).holds && !agreement(.infinity).holds)
        let zeros = HostTensor([2], [0, 0])
        #expect(Agreement("x", zeros, expected: zeros, tolerance: 0.5).holds)
        #expect(!Agreement("x", HostTensor([2], [0, 1e-30]), expected: zeros, tolerance: 0.5).holds)
    }
}
