extension BrokenDocument {
    /// What is no JSON, or no object.
    static let syntax = read(
        #"""
        # nothing

        > gateway.json:1:1: unexpected end of input
        # unfinished
        {
          "limits": {
        > gateway.json:2:14: unexpected end of input
        # trailing comma
        {
          "limits": {},
        }
        > gateway.json:3:1: unexpected character
        # comment
        { // no
        }
        > gateway.json:1:3: unexpected character
        # two values
        {} {}
        > gateway.json:1:4: something follows the end of the value
        # bad utf8 escape
        {"log": {"level": "\x"}}
        > gateway.json:1:20: control character or unknown escape in a string
        # leading zero
        {"limits": {"maxConnections": 010}}
        > gateway.json:1:32: unexpected character
        # not an object
        []
        > gateway.json:1:1: the document must be an object
        # too deep
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
        > gateway.json:1:65: nested too deeply
        """#)
}
