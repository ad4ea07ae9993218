import Testing

@testable import Gateway

@Suite struct OutboxDirectoryTests {
    @Test func `the end of an earlier reload's handlers does not free those that a later one has replaced`() {
        var directory = OutboxDirectory()
        directory.pause(["app", "other"], untilRetired: 1)
        // The next reload has begun, and its predecessors are not on their way out yet.
        directory.pause(["app"], untilRetired: 2)
        directory.retired(1)
        #expect(directory.isPaused("app") && !directory.isPaused("other"))
        directory.retired(2)
        #expect(!directory.isPaused("app"))
    }
}
