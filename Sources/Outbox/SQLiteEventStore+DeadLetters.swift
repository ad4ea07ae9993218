extension SQLiteEventStore {
    package func deadLetters(handler: String?, after origin: Int64, limit: Int) throws(StoreError) -> [DeadLetter] {
        let statement = try database.statement(
            """
            SELECT \(StoredRow.outline) FROM events
            WHERE state = 1 AND origin > ?1 \(handler == nil ? "" : "AND handler = ?3") ORDER BY origin LIMIT ?2
            """)
        defer { statement.reset() }
        try statement.bind(1, origin)
        try statement.bind(2, Int64(limit))
        if let handler { try statement.bind(3, handler) }
        var letters: [DeadLetter] = []
        while try statement.step() {
            if let letter = StoredRow(statement, horizon: 0).deadLetterOutline { letters.append(letter) }
        }
        return letters
    }

    package func deadLetter(id: String) throws(StoreError) -> DeadLetter? {
        let statement = try database.statement("SELECT \(StoredRow.columns) FROM events WHERE state = 1 AND id = ?1")
        defer { statement.reset() }
        try statement.bind(1, id)
        return try statement.step() ? StoredRow(statement, horizon: 0).deadLetter : nil
    }

    package func replay(
        _ selection: DeadLetterSelection, limit: Int, diedBy: Int64, now: Int64
    ) throws(StoreError) -> [String: Int] {
        let select = try database.statement(
            """
            SELECT position, handler FROM events WHERE state = 1 AND reason <> '\(Death.damaged)' AND died <= ?3 \(selection.condition)
            ORDER BY origin LIMIT ?2
            """)
        try select.bind(3, diedBy)
        let letters = try positions(select, selection, limit)
        for (position, _) in letters {
            let update = try database.statement(
                """
                UPDATE events SET position = ?2, state = 0, since = ?3, attempts = 0, not_before = 0, reason = NULL,
                    status = NULL, problem = NULL, response = NULL, died = NULL
                WHERE position = ?1
                """)
            try update.bind(1, position)
            try update.bind(2, takePosition())
            try update.bind(3, now)
            try update.run()
        }
        // Changed places are not counted there by themselves.
        if !letters.isEmpty { try writeLastPosition() }
        return Dictionary(letters.map { ($0.handler, 1) }, uniquingKeysWith: +)
    }

    package func drop(_ selection: DeadLetterSelection, limit: Int) throws(StoreError) -> Int {
        let select = try database.statement(
            "SELECT position, handler FROM events WHERE state = 1 \(selection.condition) ORDER BY origin LIMIT ?2")
        let letters = try positions(select, selection, limit)
        for (position, _) in letters { try remove(position) }
        return letters.count
    }

    private func positions(
        _ select: Statement, _ selection: DeadLetterSelection, _ limit: Int
    ) throws(StoreError) -> [(position: Int64, handler: String)] {
        defer { select.reset() }
        switch selection {
        case .id(let text), .handler(let text): try select.bind(1, text)
        case .all: break
        }
        try select.bind(2, Int64(limit))
        var letters: [(position: Int64, handler: String)] = []
        while try select.step() { letters.append((select.integer(0), select.text(1))) }
        return letters
    }
}

extension DeadLetterSelection {
    fileprivate var condition: String {
        switch self {
        case .id: "AND id = ?1"
        case .handler: "AND handler = ?1"
        case .all: ""
        }
    }
}
