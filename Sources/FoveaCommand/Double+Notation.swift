extension Double {
    /// The value with so many decimals: `35.13`.
    func fixed(_ decimals: Int) -> String {
        guard isFinite, abs(self) < 1e12 else { return "\(self)" }
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((abs(self) * Double(scale)).rounded())
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// Two digits and an exponent: `3.1e-07`.
    var scientific: String {
        guard isFinite, self != 0 else { return self == 0 ? "0" : "\(self)" }
        var (mantissa, exponent) = (abs(self), 0)
        while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        let digits = String(abs(exponent))
        let sign = self < 0 ? "-" : ""
        return sign + mantissa.fixed(1) + "e" + (exponent < 0 ? "-" : "+") + (digits.count < 2 ? "0" : "") + digits
    }

    /// The value with three significant digits, in units of 10³, 10⁶ and so on: `86.6 M`.
    var withUnitPrefix: String {
        let prefixes = ["", " k", " M", " G", " T", " P"]
        var (value, step) = (self, 0)
        while abs(value) >= 999.5, step + 1 < prefixes.count { (value, step) = (value / 1000, step + 1) }
        let decimals = step == 0 && value == value.rounded() ? 0 : abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0
        return value.fixed(decimals) + prefixes[step]
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

    /// Bytes in MB (10⁶) or GB (10⁹): `346.3 MB`.
    var asBytes: String {
        let value = Double(self)
        if value >= 999.95e6 { return (value / 1e9).fixed(2) + " GB" }
        return value >= 1e6 ? (value / 1e6).fixed(1) + " MB" : (value / 1e3).fixed(1) + " kB"
    }
}
