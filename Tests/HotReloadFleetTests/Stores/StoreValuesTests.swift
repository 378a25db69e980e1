import HotReloadFleet
import Testing

@Suite struct StoreValuesTests {
  @Test(arguments: [
    ([UInt8]("a".utf8), [UInt8]("b".utf8)), ([1, 255], [2]), ([1, 255, 255], [2]), ([0], [1]),
  ])
  func `The end of a prefix is the least key after all that begin with it`(
    _ prefix: [UInt8], _ end: [UInt8]
  ) {
    #expect(StoreKey(prefix).endOfPrefix == StoreKey(end))
    let range = StoreRange.prefix(StoreKey(prefix))
    #expect(range.contains(StoreKey(prefix)))
    #expect(range.contains(StoreKey(prefix + [255, 255, 255])))
    #expect(!range.contains(StoreKey(end)))
  }

  @Test func `A prefix of bytes that are all 255 has no end`() {
    #expect(StoreKey([255, 255]).endOfPrefix == nil)
    #expect(StoreRange.prefix(StoreKey([255])).contains(StoreKey([255, 255, 0])))
    #expect(!StoreRange.prefix(StoreKey([255])).contains(StoreKey([254])))
  }

  @Test func `Keys are ordered by their bytes as unsigned numbers`() {
    let keys = [[0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0]].map { StoreKey($0) }
    #expect(keys.shuffled().sorted() == keys)
  }

  @Test func `A range whose end does not come after its start has no keys`() {
    #expect(StoreRange(from: "b", to: "b").isEmpty)
    #expect(StoreRange(from: "b", to: "a").isEmpty)
    #expect(!StoreRange(from: "b", to: "a").contains("b"))
    #expect(!StoreRange.all.isEmpty)
  }

  @Test func `A key is shown as text where it is text, else in hexadecimal`() {
    #expect("instances/wéb".description == "instances/wéb")
    #expect(StoreKey([0, 171]).description == "0x00ab")
    #expect(StoreKey("a\nb").description == "0x610a62")
  }

  @Test func `The name of an operation survives being kept as bytes`() throws {
    let operation = StoreOperationID()
    #expect(StoreOperationID(bytes: operation.bytes) == operation)
    #expect(StoreOperationID(bytes: [1, 2]) == nil)
    #expect(StoreOperationID() != operation)
    #expect(operation.description.count == 32)
  }
}
