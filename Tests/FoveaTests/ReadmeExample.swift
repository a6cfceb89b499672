import Fovea

// The program that the README shows, so that it is compiled and run. ReadmeTests compares the two.
func readmeExample() async throws {
    // README begins
    let classifier = try ImageClassifier(model: "demo")
    let pictures = ["Examples/pictures/star.jpg", "Examples/pictures/heart.jpg"]
    for (picture, result) in zip(pictures, try await classifier.classify(pictures, top: 1)) {
        for prediction in try result.get() {
            print(picture, prediction.label ?? "class \(prediction.index)", prediction.probability)
        }
    }
    // README ends
}
