/// Documents that between them use all of TOML 1.0, for tests to read and to break.
enum TOMLDocuments {
  static let valid: [String] = [
    "",
    "# only a comment",
    "\u{FEFF}a = 1\n",
    """
    title = "TOML Example"

    [owner]
    name = "Tom Preston-Werner"
    dob = 1979-05-27T07:32:00-08:00

    [database]
    enabled = true
    ports = [ 8000, 8001, 8002 ]
    data = [ ["delta", "phi"], [3.14] ]
    temp_targets = { cpu = 79.5, case = 72.0 }

    [servers]
    [servers.alpha]
    ip = "10.0.0.1"
    [servers.beta]
    ip = "10.0.0.2"
    """,
    #"""
    basic = "tab \t quote \" backslash \\ unicode \u00E9 \U0001F600 \b\f\n\r"
    literal = 'C:\Users\nodejs\templates'
    multi = """
    Roses are red
    Violets are blue"""
    folded = """\
        The quick brown \
        \

        fox."""
    quotes = """Here are two: "". Five: ""\""""""
    more = """"four quotes""""
    raw = '''
    The first newline is
    trimmed in raw 'strings'. '''
    rawquotes = ''''That,' she said, 'is still pointless.'''''
    empty = ""
    empty2 = ''
    "é" = "ja 😀"
    """#,
    """
    int1 = +99
    int2 = 42
    int3 = 0
    int4 = -17
    int5 = 1_000
    int6 = 5_349_221
    hex1 = 0xDEADBEEF
    hex2 = 0xdead_beef
    oct1 = 0o01234567
    bin1 = 0b11010110
    max = 9223372036854775807
    min = -9223372036854775808
    flt1 = +1.0
    flt2 = 3.1415
    flt3 = -0.01
    flt4 = 5e+22
    flt5 = 1e06
    flt6 = -2E-2
    flt7 = 6.626e-34
    flt8 = 224_617.445_991_228
    flt9 = -0.0
    tiny = 4.9e-324
    digits = 0.1234567890123456789012345
    sf1 = inf
    sf2 = +inf
    sf3 = -inf
    sf4 = nan
    sf5 = +nan
    sf6 = -nan
    """,
    """
    odt1 = 1979-05-27T07:32:00Z
    odt2 = 1979-05-27T00:32:00-07:00
    odt3 = 1979-05-27T00:32:00.999999-07:00
    odt4 = 1979-05-27 07:32:00z
    odt5 = 2024-02-29t23:59:59.5+23:59
    ldt1 = 1979-05-27T07:32:00
    ldt2 = 1979-05-27 00:32:00.123456789
    ld1 = 1979-05-27
    lt1 = 07:32:00
    lt2 = 00:32:00.999999
    in = [1979-05-27, 07:32:00, 1979-05-27 07:32:00 ]
    """,
    """
    name = "Orange"
    physical.color = "orange"
    physical . shape = "round"
    site."google.com" = true
    3.14159 = "pi"
    1234 = "number"
    "" = "blank"
    'quoted' = 1
    a-b_c = 2
    fruit.apple.smooth = true
    fruit.orange = 2
    """,
    """
    [a.b.c]
    x = 1
    [d . e.'f']
    y = 2
    [a]
    z = 3
    [a.b]
    w = 4
    [fruit]
    apple.color = "red"
    apple.taste.sweet = true
    [fruit.apple.texture]
    smooth = true
    """,
    """
    [[products]]
    name = "Hammer"
    sku = 738594937
    [[products]]
    [[products]]
    name = "Nail"
    [products.size]
    mm = 5
    [[fruits]]
    name = "apple"
    [fruits.physical]
    color = "red"
    [[fruits.varieties]]
    name = "red delicious"
    [[fruits.varieties]]
    name = "granny smith"
    [[fruits]]
    name = "banana"
    [[fruits.varieties]]
    name = "plantain"
    """,
    """
    points = [ { x = 1, y = 2, z = 3 },
      { x = 7, y = 8, z = 9 }, # comment

      { x.a = 2, x.b = { c = [ ] } },
    ]
    empty = {}
    nested = [[], [[]], [{}]]
    mixed = [ 1, 2.0, "three", { four = 4 }, [5], true, 1979-05-27 ]
    """,
    "a = 1\r\nb = \"\"\"x\r\ny\"\"\"\r\n\r\n[c]\r\n# comment\r\nd = '''\r\nz'''\r\n",
    "[a]\n[a.b]\n[[a.c]]\n[a.c.d]\ne = 1\n[[a.c]]\n[a.c.d]\ne = 2\n",
    "[a.b.c]\nz = 1\n[a]\nb.t = 2\n",
    "a = [\n# one\n1 # two\n, # three\n2,\n]\n",
  ]

  static let invalid: [String] = [
    "a = 1\na = 2\n", "[a]\n[a]\n", "a = 1\n[a]\n", "a.b = 1\na = 2\n", "a = {b = 1}\na.c = 2\n",
    "a = {b = 1}\n[a.c]\n", "[a.b]\n[a]\nb = 1\n", "[[a]]\n[a]\n", "[a]\n[[a]]\n",
    "a = []\n[[a]]\n",
    "a = [{}]\n[a.b]\n", "[fruit]\napple.color = 1\n[fruit.apple]\n", "[a.b.c]\n[a]\nb.c.t = 1\n",
    "a.b = 1\n[a]\nc = 2\n", "a = {b = 1, b = 2}", "a = {b.c = 1, b = 2}", "a = {b = {}, b.c = 1}",
    "a = {b = 1,}", "a = {b = 1\n}", "a = 1 b = 2", "a = ", "a", "= 1", "[a", "[[a]", "[]", "[a]]",
    "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = 1.", "a = .1", "a = 1.e5", "a = 1e", "a = +0x1",
    "a = 0x", "a = 0xG", "a = 0b2", "a = 0o8", "a = 0x_1", "a = 1._5", "a = 1_.5", "a = infinity",
    "a = True", "a = truefalse", "a = yes", "a = \"", "a = \"\"\"", "a = '", "a = '''",
    "a = \"\\x41\"", "a = \"\\u12\"", "a = \"\\uD800\"", "a = \"\\U00110000\"", "a = \"b\nc\"",
    "a = \"\u{1}\"", "a = '\u{7F}'", "# \u{0}", "a = 1\rb = 2", "a = \"\"\"\r\"\"\"",
    "a = 1979-13-01",
    "a = 1979-02-30", "a = 2023-02-29", "a = 1979-05-27T25:00:00", "a = 1979-05-27T07:32",
    "a = 07:32", "a = 24:00:00", "a = 1979-05-27T07:32:00+25:00", "a = 1979-05-27T", "a = 79-05-27",
    "a = 1979-05-27 07:32:00.", "a = 0000-01-01", "a..b = 1", ".a = 1", "a. = 1", "a b = 1",
    "\"\"\"a\"\"\" = 1", "é = 1", "[a]b = 1", "a = [1 2]", "a = [1,,2]", "a = [,]", "a = [",
    "a = {",
    "a = 9223372036854775808", "a = -9223372036854775809", "a = 0x8000000000000000",
    "a = \"\"\"\\ x\"\"\"", "[=", "l=[}", "e=1979-05-27T:", "a = 1e400", "[[a.b]]\n[a]\nb.c = 1\n",
  ]

  /// Pieces that change a document's meaning.
  static let tokens: [String] = [
    "=", ".", ",", "[", "]", "[[", "]]", "{", "}", "\"", "'", "\"\"\"", "'''", "\\", "#", "\n",
    "\r\n",
    "\r", " ", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é", "😀", "_", "-", "+", "0", "1", "9", "0x",
    "0o",
    "0b", "e", "E", "inf", "nan", "true", "false", "a", "a.b", "[a]\n", "[[a]]\n", "[a.b]\n",
    "\na = 1\n",
    "\na.b = 1\n", "{}", "[]", "\\u00e9", "\\U0001F600", "\\n", "\\\n", "1979-05-27", "07:32:00",
    "T",
    "Z", "+01:00", "0000", ":", "9223372036854775808", "1e400", "\u{FEFF}",
  ]
}
