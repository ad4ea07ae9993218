import EngineIO
import NIOCore
import Testing

@Suite struct HandshakeDataTests {
    private func wire(_ data: HandshakeData) -> String {
        var buffer = ByteBuffer()
        data.write(into: &buffer)
        return buffer.text
    }

    @Test func `the open packet is what the protocol's example shows`() {
        let data = HandshakeData(sid: "lv_VI97HAXpY6yYWAAAC", transport: .polling, configuration: .init())
        let json = #"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"#
        #expect(wire(data) == "0" + json + #""maxPayload":1000000}"#)
    }

    @Test func `upgrades are offered only where there is one`() {
        let noUpgrades = SessionConfiguration(allowUpgrades: false)
        let noWebSocket = SessionConfiguration(transports: .polling)
        #expect(HandshakeData(sid: "a", transport: .websocket, configuration: .init()).upgrades == [])
        #expect(HandshakeData(sid: "a", transport: .polling, configuration: noUpgrades).upgrades == [])
        #expect(HandshakeData(sid: "a", transport: .polling, configuration: noWebSocket).upgrades == [])
    }

    @Test func `durations are whole milliseconds`() {
        let data = HandshakeData(
            sid: "a", upgrades: [], pingInterval: .milliseconds(300), pingTimeout: .microseconds(200_900),
            maxPayload: 5)
        #expect(wire(data) == #"0{"sid":"a","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":5}"#)
    }
}
