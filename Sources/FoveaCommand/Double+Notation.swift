extension Double {
    /// The number with a fixed number of decimals, a point before them, whatever the locale.
    func formatted(decimals: Int) -> String {
        guard isFinite else { return description }
        var unit = 1.0
        for _ in 0..<decimals { unit *= 10 }
        let scaled = (magnitude * unit).rounded()
        guard scaled < 1e15 else { return description }
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(Int(scaled)) }
        let fraction = String(Int(scaled) % Int(unit))
        return sign + String(Int(scaled) / Int(unit)) + "."
            + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// A share in percent with one decimal: `95.6 %`.
    var percent: String { (100 * self).formatted(decimals: 1) + " %" }

    /// Two digits and an exponent: `3.1e-07`.
    var scientific: String {
        guard isFinite, self != 0 else { return self == 0 ? "0" : "\(self)" }
        var (mantissa, exponent) = (abs(self), 0)
        while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        let digits = String(abs(exponent))
        let sign = self < 0 ? "-" : ""
        return sign + mantissa.formatted(decimals: 1) + "e" + (exponent < 0 ? "-" : "+") + (digits.count < 2 ? "0" : "")
            + digits
    }
}

extension Int {
    /// The digits in groups of three: `86,567,656`.
    var grouped: String {
        var groups: [String] = []
        var digits = String(magnitude)[...]
        while digits.count > 3 {
            groups.append(String(digits.suffix(3)))
            digits = digits.dropLast(3)
        }
        return (self < 0 ? "-" : "") + ([String(digits)] + groups.reversed()).joined(separator: ",")
    }

    /// The number with what it counts: `1 class`, `2,000 classes`.
    func counted(_ one: String, _ many: String? = nil) -> String { "\(grouped) \(self == 1 ? one : many ?? one + "s")" }

    /// Bytes in MB (10⁶) or GB (10⁹): `346.3 MB`.
    var asBytes: String {
        let value = Double(self)
        if value >= 999.95e6 { return (value / 1e9).formatted(decimals: 2) + " GB" }
        return value >= 1e6
            ? (value / 1e6).formatted(decimals: 1) + " MB" : (value / 1e3).formatted(decimals: 1) + " kB"
    }
}
