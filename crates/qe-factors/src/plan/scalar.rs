//! What every elementwise operation means, for one row. Blocks, folding and live rows all go through here.
//!
//! Undefined is NaN and never infinite: a division by zero, a logarithm of nothing, a root of a negative number.
//! What overflows is infinite, as IEEE 754 has it. Transcendental functions are those of `libm`, so that every machine
//! gives the same bits.

/// An operation on one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is named as the function is")]
pub enum Un {
    Abs,
    Acos,
    Asin,
    Atan,
    Ceil,
    Cos,
    Cosh,
    Cube,
    Exp,
    Expm1,
    Floor,
    Inv,
    Log,
    Log10,
    Log1p,
    Log2,
    Neg,
    Relu,
    Round,
    Sigmoid,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Square,
    Tan,
    Tanh,
}

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Bin {
    /// `x + y`
    Add,
    /// The angle of the point `(y, x)`.
    Atan2,
    /// The first that is not missing.
    Coalesce,
    /// `x / y`, missing where `y` is 0.
    Div,
    /// The larger, missing if either is.
    Max,
    /// The smaller, missing if either is.
    Min,
    /// `x * y`
    Mul,
    /// `x ^ y`
    Pow,
    /// The remainder with the sign of `x`, missing where `y` is 0.
    Rem,
    /// `sign(x) * abs(x) ^ y`
    SignedPow,
    /// `x - y`
    Sub,
}

/// A comparison; the other ways round are these with their operands swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cmp {
    /// `x < y`
    Lt,
    /// `x <= y`
    Le,
    /// `x == y`
    Eq,
    /// `x != y`
    Ne,
}

/// The functions of one number, by name, alphabetical.
pub const UNARY: &[(&str, Un)] = &[
    ("abs", Un::Abs),
    ("acos", Un::Acos),
    ("asin", Un::Asin),
    ("atan", Un::Atan),
    ("ceil", Un::Ceil),
    ("cos", Un::Cos),
    ("cosh", Un::Cosh),
    ("cube", Un::Cube),
    ("exp", Un::Exp),
    ("expm1", Un::Expm1),
    ("floor", Un::Floor),
    ("inv", Un::Inv),
    ("log", Un::Log),
    ("log10", Un::Log10),
    ("log1p", Un::Log1p),
    ("log2", Un::Log2),
    ("neg", Un::Neg),
    ("relu", Un::Relu),
    ("round", Un::Round),
    ("sigmoid", Un::Sigmoid),
    ("sign", Un::Sign),
    ("sin", Un::Sin),
    ("sinh", Un::Sinh),
    ("sqrt", Un::Sqrt),
    ("square", Un::Square),
    ("tan", Un::Tan),
    ("tanh", Un::Tanh),
];

/// The functions of two numbers, by name, alphabetical.
pub const BINARY: &[(&str, Bin)] = &[
    ("atan2", Bin::Atan2),
    ("coalesce", Bin::Coalesce),
    ("max", Bin::Max),
    ("min", Bin::Min),
    ("pow", Bin::Pow),
    ("signed_power", Bin::SignedPow),
];

/// One number through an operation.
#[inline]
pub fn un(op: Un, x: f64) -> f64 {
    match op {
        Un::Abs => x.abs(),
        Un::Acos => libm::acos(x),
        Un::Asin => libm::asin(x),
        Un::Atan => libm::atan(x),
        Un::Ceil => x.ceil(),
        Un::Cos => libm::cos(x),
        Un::Cosh => libm::cosh(x),
        Un::Cube => x * x * x,
        Un::Exp => libm::exp(x),
        Un::Expm1 => libm::expm1(x),
        Un::Floor => x.floor(),
        Un::Inv => div(1.0, x),
        Un::Log => positive(x, libm::log),
        Un::Log10 => positive(x, libm::log10),
        Un::Log1p => {
            if x > -1.0 {
                libm::log1p(x)
            } else {
                f64::NAN
            }
        }
        Un::Log2 => positive(x, libm::log2),
        Un::Neg => -x,
        // A comparison with NaN is false, so NaN goes on.
        Un::Relu => {
            if x < 0.0 {
                0.0
            } else {
                x
            }
        }
        Un::Round => x.round(),
        Un::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Un::Sign => {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x * 0.0
            }
        }
        Un::Sin => libm::sin(x),
        Un::Sinh => libm::sinh(x),
        Un::Sqrt => x.sqrt(),
        Un::Square => x * x,
        Un::Tan => libm::tan(x),
        Un::Tanh => libm::tanh(x),
    }
}

/// Two numbers through an operation.
#[inline]
pub fn bin(op: Bin, x: f64, y: f64) -> f64 {
    match op {
        Bin::Add => x + y,
        Bin::Atan2 => libm::atan2(x, y),
        Bin::Coalesce => {
            if x.is_nan() {
                y
            } else {
                x
            }
        }
        Bin::Div => div(x, y),
        Bin::Max => {
            if x > y || x.is_nan() {
                x
            } else {
                y
            }
        }
        Bin::Min => {
            if x < y || x.is_nan() {
                x
            } else {
                y
            }
        }
        Bin::Mul => x * y,
        Bin::Pow => pow(x, y),
        Bin::Rem => {
            if y == 0.0 {
                f64::NAN
            } else {
                x % y
            }
        }
        Bin::SignedPow => un(Un::Sign, x) * pow(x.abs(), y),
        Bin::Sub => x - y,
    }
}

/// Whether a comparison holds, and whether it fails; neither if a number is missing.
#[inline]
pub fn cmp(op: Cmp, x: f64, y: f64) -> (bool, bool) {
    match op {
        Cmp::Lt => (x < y, x >= y),
        Cmp::Le => (x <= y, x > y),
        Cmp::Eq => (x == y, differ(x, y)),
        Cmp::Ne => (differ(x, y), x == y),
    }
}

/// Whether two numbers differ; not so if either is missing, which `!=` would have it.
#[inline]
#[expect(clippy::double_comparisons, reason = "`!=` holds for what is missing")]
fn differ(x: f64, y: f64) -> bool {
    x < y || x > y
}

/// A quotient, missing where the divisor is 0.
#[inline]
fn div(x: f64, y: f64) -> f64 {
    if y == 0.0 { f64::NAN } else { x / y }
}

/// A logarithm, missing where there is none.
#[inline]
fn positive(x: f64, log: impl Fn(f64) -> f64) -> f64 {
    if x > 0.0 { log(x) } else { f64::NAN }
}

/// A power. Small whole exponents are products, which is also what they are in a block.
#[inline]
fn pow(x: f64, y: f64) -> f64 {
    if y == 2.0 {
        x * x
    } else if y == 1.0 {
        x
    } else if y == 3.0 {
        x * x * x
    } else if y == -1.0 {
        div(1.0, x)
    } else if x.is_nan() || y.is_nan() || (x == 0.0 && y < 0.0) {
        // IEEE 754 has 1^NaN and NaN^0 be 1; what is missing stays missing here.
        f64::NAN
    } else {
        libm::pow(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_is_missing_and_never_infinite() {
        let n = f64::NAN;
        for (op, x) in
            [(Un::Log, 0.0), (Un::Log, -1.0), (Un::Sqrt, -1.0), (Un::Inv, 0.0), (Un::Log1p, -1.0), (Un::Acos, 2.0)]
        {
            assert!(un(op, x).is_nan(), "{op:?} {x}");
        }
        for (op, x, y) in [
            (Bin::Div, 1.0, 0.0),
            (Bin::Rem, 1.0, 0.0),
            (Bin::Pow, 0.0, -2.0),
            (Bin::Pow, -8.0, 0.5),
            (Bin::Pow, n, 0.0),
            (Bin::Pow, 1.0, n),
            (Bin::Min, n, 1.0),
            (Bin::Min, 1.0, n),
            (Bin::Max, n, 1.0),
            (Bin::Max, 1.0, n),
        ] {
            assert!(bin(op, x, y).is_nan(), "{op:?} {x} {y}");
        }
    }

    #[test]
    fn a_missing_number_stays_missing_through_everything_but_coalesce() {
        for (name, op) in UNARY {
            assert!(un(*op, f64::NAN).is_nan(), "{name}");
        }
        for (name, op) in BINARY {
            assert_eq!(bin(*op, f64::NAN, 1.0).is_nan(), *op != Bin::Coalesce, "{name}");
            assert!(bin(*op, 0.5, f64::NAN).is_nan() == (*op != Bin::Coalesce), "{name}");
        }
        assert!([Cmp::Lt, Cmp::Le, Cmp::Eq, Cmp::Ne].iter().all(|op| cmp(*op, f64::NAN, 1.0) == (false, false)));
    }

    #[test]
    fn signs_and_powers_keep_their_sides() {
        assert_eq!([-2.0, 0.0, 3.0].map(|x| un(Un::Sign, x)), [-1.0, 0.0, 1.0]);
        assert_eq!((bin(Bin::SignedPow, -3.0, 2.0), bin(Bin::Pow, 2.0, 0.5)), (-9.0, 2f64.sqrt()));
        assert_eq!((bin(Bin::Rem, -5.0, 3.0), bin(Bin::Pow, -2.0, 3.0)), (-2.0, -8.0));
        assert!(UNARY.is_sorted_by_key(|(n, _)| *n) && BINARY.is_sorted_by_key(|(n, _)| *n));
    }
}
