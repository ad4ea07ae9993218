import Testing

@testable import Configuration
@testable import Gateway

@Suite struct DrainTimetableTests {
    private func table(
        _ delay: Int, _ window: Int, _ hardStop: Int, _ urgency: DrainTimetable.Urgency = .paced
    ) -> DrainTimetable {
        DrainTimetable(
            .init(delay: .seconds(delay), window: .seconds(window), hardStop: .seconds(hardStop)), urgency: urgency)
    }

    @Test func `what fits is as configured`() {
        let table = self.table(5, 30, 60)
        #expect(table.delay == .seconds(5) && table.window == .seconds(30) && table.flush == .seconds(10))
    }

    @Test func `delay and window shrink in proportion to end before the hard stop`() {
        let table = self.table(10, 30, 20)
        #expect(table.flush == .seconds(5))
        #expect(table.delay + table.window <= table.hardStop - table.flush)
        #expect(table.window / table.delay > 2.9 && table.window / table.delay < 3.1)
    }

    @Test(arguments: [DrainTimetable.Urgency.quick, .flush])
    func `in a hurry nobody is waited for`(urgency: DrainTimetable.Urgency) {
        let table = self.table(5, 30, 60, urgency)
        #expect(table.delay == .zero && table.window == .zero && table.hardStop == .seconds(60))
    }

    @Test func `nothing to wait for stays nothing`() {
        let table = self.table(0, 0, 1)
        #expect(table.delay == .zero && table.window == .zero)
    }
}
