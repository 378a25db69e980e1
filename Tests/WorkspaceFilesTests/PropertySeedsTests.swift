import HotReloadTesting
import Testing

@Suite("Seeds of property tests")
struct PropertySeedsTests {
  @Test("The environment asks for one seed, for a number of them, or for nothing special")
  func environment() {
    #expect(Array(PropertySeeds(3, environment: [:])) == [1, 2, 3])
    #expect(Array(PropertySeeds(0, environment: [:])) == [1])
    #expect(Array(PropertySeeds(3, environment: ["HOTRELOAD_SEEDS": "2"])) == [1, 2])
    #expect(Array(PropertySeeds(3, environment: ["HOTRELOAD_SEEDS": "0"])) == [1])
    let both = ["HOTRELOAD_SEED": "18446744073709551615", "HOTRELOAD_SEEDS": "2"]
    #expect(Array(PropertySeeds(3, environment: both)) == [.max])
    #expect(Array(PropertySeeds(2, environment: ["HOTRELOAD_SEED": "-1"])) == [1, 2])
  }

  @Test("A generator gives the numbers of the reference implementation")
  func reference() {
    // splitmix64.c with x = 1234567.
    var random = SeededGenerator(seed: 1_234_567)
    let numbers = (0..<5).map { _ in random.next() }
    #expect(
      numbers == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
    #expect(random.seed == 1_234_567 && random.description == "HOTRELOAD_SEED=1234567")
    #expect(random.below(0) == 0 && (0..<100).contains(random.below(100)))
  }
}
