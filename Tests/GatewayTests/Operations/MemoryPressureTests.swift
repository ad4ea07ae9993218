import Testing

@testable import Gateway

@Suite struct MemoryPressureTests {
    private func levels(_ residents: [Int]) -> [MemoryPressure.Level] {
        var pressure = MemoryPressure(budget: 1_000)
        return residents.map { pressure.sample(resident: $0).after }
    }

    @Test func `load is shed in three steps`() {
        #expect(
            self.levels([0, 849, 850, 899, 900, 949, 950, 5_000])
                == [.calm, .calm, .refusing, .refusing, .dropping, .dropping, .closing, .closing])
    }

    @Test func `steps may be passed over, in both directions`() {
        #expect(self.levels([990, 100, 910, 860, 100]) == [.closing, .calm, .dropping, .refusing, .calm])
    }

    @Test func `a level is left only well below its threshold`() {
        #expect(self.levels([850, 849, 831, 829]) == [.refusing, .refusing, .refusing, .calm])
        #expect(self.levels([950, 931, 929, 881, 879]) == [.closing, .closing, .dropping, .dropping, .refusing])
    }

    @Test func `the level before and after are told apart`() {
        var pressure = MemoryPressure(budget: 1_000)
        #expect(pressure.sample(resident: 900) == (.calm, .dropping))
        #expect(pressure.sample(resident: 990) == (.dropping, .closing))
    }

    @Test func `what has to go is what stands above the middle step`() {
        var pressure = MemoryPressure(budget: 1_000)
        _ = pressure.sample(resident: 949)
        #expect(pressure.excess(resident: 949) == 0)
        _ = pressure.sample(resident: 960)
        #expect(pressure.excess(resident: 960) == 60)
        #expect(pressure.excess(resident: 800) == 0)
    }

    @Test func `a budget of nothing does not divide by zero`() {
        var pressure = MemoryPressure(budget: 0)
        #expect(pressure.sample(resident: 1).after == .closing)
    }
}
