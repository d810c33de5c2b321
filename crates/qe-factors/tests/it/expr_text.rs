//! Text to tree and back: the laws of parsing and printing, the messages, and input made to do harm.

use std::time::Instant;

use proptest::prelude::*;
use qe_core::rng::Stream;
use qe_factors::Error;
use qe_factors::expr::{Arg, Ast, Binary, MAX_DEPTH, MAX_TEXT, Node, NodeId, SyntaxError, Unary, parse};

/// Checks all that holds for a tree that was parsed.
fn check(ast: &Ast) {
    let root = ast.root().unwrap();
    // A node has one parent: there are no dead ones, and none is shared.
    let mut n_parents = vec![0; ast.nodes().len()];
    for node in ast.nodes() {
        qe_factors::expr::ast::for_each_child(node, |c| n_parents[c.idx()] += 1);
    }
    assert_eq!(n_parents.pop(), Some(0));
    assert!(n_parents.iter().all(|n| *n == 1), "{}", ast.text());
    // Printed and read again it is the same. Compared as written out, because NaN is not equal to itself.
    let printed = ast.print_whole(root).unwrap();
    let again = parse(&printed).unwrap_or_else(|e| panic!("{}\nprinted: {e}", ast.text()));
    assert_eq!(format!("{:?}", again.nodes()), format!("{:?}", ast.nodes()), "{} and {printed}", ast.text());
    assert_eq!(again.to_string(), printed);
}

/// Checks that each node's place in the text holds that node.
fn check_spans(ast: &Ast) {
    for (i, node) in ast.nodes().iter().enumerate() {
        let id = NodeId(i as u32);
        let piece = &ast.text()[ast.span(id)];
        if !matches!(node, Node::Text(_)) {
            let alone = parse(piece).unwrap_or_else(|e| panic!("{}\n{e}", ast.text()));
            assert_eq!(alone.to_string(), ast.print(id), "{}", ast.text());
        }
    }
}

#[test]
fn the_printed_form_is_canonical() {
    let table = [
        ("1.0", "1"),
        ("1.", "1"),
        (".5", "0.5"),
        ("1E+5", "100000"),
        ("1e-3", "0.001"),
        ("1.5e-07", "1.5e-7"),
        ("- 2", "-2"),
        ("-(2)", "-2"),
        ("--2", "--2"),
        ("+2", "2"),
        ("a+b", "a + b"),
        ("(a+b)", "a + b"),
        ("((a))+(b*c)", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a+(b+c)", "a + (b + c)"),
        ("(a-b)-c", "a - b - c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a/(b*c)", "a / (b * c)"),
        ("(a/b)*c", "a / b * c"),
        ("a**b", "a ^ b"),
        ("(a^b)^c", "(a ^ b) ^ c"),
        ("a^(b^c)", "a ^ b ^ c"),
        ("(-x)^2", "(-x) ^ 2"),
        ("-(x^2)", "-x ^ 2"),
        ("(-2)^2", "(-2) ^ 2"),
        ("-2^2", "-2 ^ 2"),
        ("2^(-x)", "2 ^ -x"),
        ("2^(-2)", "2 ^ -2"),
        ("2^(a*b)", "2 ^ (a * b)"),
        ("(2^-x)*y", "2 ^ -x * y"),
        ("-(a*b)", "-(a * b)"),
        ("-(-a)", "--a"),
        ("a-(-2)", "a - -2"),
        ("a - (-b)", "a - -b"),
        ("(a<b)==c", "(a < b) == c"),
        ("a==(b<c)", "a == (b < c)"),
        ("a+b<c*d", "a + b < c * d"),
        ("not(a)", "not a"),
        ("not(a<b)", "not a < b"),
        ("(not a)<b", "(not a) < b"),
        ("!a<b", "(not a) < b"),
        ("!(a<b)", "not a < b"),
        ("not(a and b)", "not (a and b)"),
        ("(not a)and b", "not a and b"),
        ("-!a", "-(not a)"),
        ("a&&b||c", "a and b or c"),
        ("a and(b or c)", "a and (b or c)"),
        ("a and(b and c)", "a and (b and c)"),
        ("c?a:b", "if(c, a, b)"),
        ("if( c,a , b )", "if(c, a, b)"),
        ("a?b:c?d:e", "if(a, b, if(c, d, e))"),
        ("(c?a:b)[1]", "if(c, a, b)[1]"),
        ("x [ 1 ]", "x[1]"),
        ("lag(x,1)", "x[1]"),
        ("lag(lag(x,1),2)", "x[1][2]"),
        ("x[0]", "x[0]"),
        ("(a+b)[1]", "(a + b)[1]"),
        ("(-a)[1]", "(-a)[1]"),
        ("-a[1]", "-a[1]"),
        ("(-2)[1]", "(-2)[1]"),
        ("x[$n]", "lag(x, $n)"),
        ("lag( x,$n )", "lag(x, $n)"),
        ("sma(close,period=20)", "sma(close, period=20)"),
        ("macd(close,12,26) .hist", "macd(close, 12, 26).hist"),
        ("tf('1h',close)", "tf(\"1h\", close)"),
        ("f()", "f()"),
        ("f((a),(b=='c'))", ""),
        ("`adj close`", "`adj close`"),
        ("`close` + `entry.price`", "close + entry.price"),
        ("-(`S&P 500`)[1]", "-`S&P 500`[1]"),
        ("sma(`1d_ret`,5)", "sma(`1d_ret`, 5)"),
        ("`and`and`a``b`", "`and` and `a``b`"),
        ("`a # b`#c", "`a # b`"),
        ("`日本`*2", "`日本` * 2"),
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("a # note\n + b", "a + b"),
    ];
    for (text, printed) in table {
        if printed.is_empty() {
            assert!(parse(text).is_err(), "{text}");
            continue;
        }
        let ast = parse(text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(ast.to_string(), printed, "{text}");
        assert_eq!(ast.text(), text);
        check(&ast);
        check_spans(&ast);
    }
}

#[test]
fn what_symbolic_regression_prints_is_read() {
    let table = [
        (
            "ret_range_50 * (sign(xle_relative_strength) - 0.9149)",
            "ret_range_50 * (sign(xle_relative_strength) - 0.9149)",
        ),
        ("x^2", "x ^ 2"),
        ("square(x)", "square(x)"),
        ("inv(x)", "inv(x)"),
        ("1.5e-07*x0", "1.5e-7 * x0"),
        ("x0**2", "x0 ^ 2"),
        ("((x1 * -0.32) / exp(-1.2e+1 - x3))", "x1 * -0.32 / exp(-12 - x3)"),
        ("square(cube(x0) - -3.4028235e38)", "square(cube(x0) - -3.4028235e38)"),
        ("add(mul(X0, X1), div(X2, 0.123))", "add(mul(X0, X1), div(X2, 0.123))"),
        ("(x0 > 0.5) * 2.0 + (-(x1))", "(x0 > 0.5) * 2 + -x1"),
        ("log_abs(x2) ^ -0.5", "log_abs(x2) ^ -0.5"),
    ];
    for (text, printed) in table {
        let ast = parse(text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(ast.to_string(), printed);
        check(&ast);
    }
}

/// Every message, whole: the text, how many bytes come before the carets and how many carets there are are all in it.
#[test]
fn messages_name_the_place_and_the_mend() {
    let messages = include_str!("expr_messages.txt");
    let mut seen = 0;
    for case in messages.split("\n\n") {
        let mut lines = case.lines();
        let text = lines.next().unwrap().strip_prefix("> ").unwrap();
        let wanted: Vec<&str> = lines.collect();
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), wanted.join("\n"), "{text}");
        assert_eq!((&*error.text, Error::from(error.clone()).to_string()), (text, error.to_string()));
        seen += 1;
    }
    assert!(seen >= 90, "{seen} messages");
}

#[test]
fn a_place_on_a_later_line_is_shown_without_the_others() {
    let error = parse("a and\n\tclose > * open # note\nor b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the expression: expected an operand after `>`\n   close > * open # note\n           ^\n\
         write a number, a name, or a parenthesis there"
    );
    assert_eq!(&error.text[error.at], "*");
}

#[test]
fn invisible_and_control_characters_are_named() {
    let message = |text: &str| parse(text).unwrap_err().reason;
    assert_eq!(message("\u{a0}close"), "the invisible character U+00A0 is not part of the language");
    assert_eq!(message("\u{feff}close"), "the invisible character U+FEFF is not part of the language");
    assert_eq!(message("a \0 b"), "the control character U+0000 does not belong here");
    assert_eq!(message("f('a\nb')"), "a text is never closed");
    assert_eq!(message("f('a\\\nb')"), "a text is never closed");
    assert_eq!(message("f('a\\"), "a text is never closed");
    let error = parse("a + `b\nc`").unwrap_err();
    assert_eq!((&*error.reason, error.at), ("a name in backquotes is never closed", 4..6));
}

fn depth_error(text: &str) -> SyntaxError {
    parse(text).expect_err("too deep")
}

#[test]
fn two_hundred_levels_are_read_and_one_more_is_not() {
    let nested: [fn(usize) -> String; 14] = [
        |n| "(".repeat(n) + "x" + &")".repeat(n),
        |n| "-".repeat(n) + "x",
        |n| "-".repeat(n) + "2",
        |n| "not ".repeat(n) + "x",
        |n| "f(".repeat(n) + "x" + &")".repeat(n),
        |n| "f(".repeat(n) + &")".repeat(n),
        |n| "f(a, b=1 + ".repeat(n) + "x" + &")".repeat(n),
        |n| "if(a, b, ".repeat(n) + "x" + &")".repeat(n),
        |n| "2^".repeat(n) + "x",
        |n| "a ? b : ".repeat(n) + "x",
        |n| "a ? ".repeat(n) + "x" + &" : b".repeat(n),
        // These are deeper in canonical text than as written.
        |n| "x".to_owned() + &"[$n]".repeat(n),
        |n| "f(".repeat(n - 1) + "x" + &")".repeat(n - 1) + " ? a : b",
        |n| "-!".repeat(n / 3) + &"-".repeat(n % 3) + "x",
    ];
    for nest in nested {
        check(&parse(&nest(MAX_DEPTH)).unwrap_or_else(|e| panic!("{e}")));
        let error = depth_error(&nest(MAX_DEPTH + 1));
        assert_eq!(error.reason, "it is nested more than 200 levels deep", "{}", error.text);
    }
    // What does not nest is not counted.
    for flat in
        ["x".to_owned() + &"[1]".repeat(5_000), "+".repeat(5_000) + "x", "x".to_owned() + &"*-x^2".repeat(5_000)]
    {
        check(&parse(&flat).unwrap_or_else(|e| panic!("{e}")));
    }
}

#[test]
fn nesting_bombs_are_refused() {
    for piece in [
        "(", "-", "not ", "!", "x[", "f(", "a?", "2^", "a ? b : ", "if(", "f(a=", "a or (", "[", "x[$n", "f(\"", "-(",
        "`a`[$n",
    ] {
        let error = depth_error(&piece.repeat(100_000));
        assert!(error.to_string().len() < 2_000, "{piece}");
    }
    for piece in ["x[$n]", "f(),", ")", ",", ":", "#", "\\", "'", "a.", "1.", "$", "=", "\u{2212}", "`\n", "`a` "] {
        let text = piece.repeat(100_000);
        assert!(parse(&text).is_err(), "{piece}");
    }
}

#[test]
fn long_flat_expressions_are_read_at_once() {
    let start = Instant::now();
    let text = "x".to_owned() + &"+1".repeat((MAX_TEXT - 1) / 2);
    let ast = parse(&text).unwrap();
    assert_eq!(ast.nodes().len(), text.len());
    // A million terms are longer than what is read.
    let error = parse(&("x".to_owned() + &"+1".repeat(1_000_000))).unwrap_err();
    assert_eq!(error.reason, "it is 2000001 bytes long, and 1048576 is the most that is read");
    assert!(error.to_string().len() < 400);
    assert!(start.elapsed().as_secs_f64() < 1.0, "took {:?}", start.elapsed());

    let args = parse(&("f(".to_owned() + &"1,".repeat(500_000) + "1)")).unwrap();
    assert_eq!(args.nodes().len(), 500_002);
    let comment = "#".to_owned() + &"(".repeat(MAX_TEXT - 3) + "\nx";
    assert_eq!(parse(&comment).unwrap().to_string(), "x");
    let name = "x".repeat(MAX_TEXT);
    assert_eq!(parse(&name).unwrap().to_string(), name);
    let quoted = format!("`{}`", "``".repeat((MAX_TEXT - 2) / 2));
    assert_eq!(parse(&quoted).unwrap().to_string(), quoted);
    let digits = "0.".to_owned() + &"3".repeat(MAX_TEXT - 2);
    assert_eq!(parse(&digits).unwrap().to_string(), "0.3333333333333333");
}

/// A tree from numbers: each pushes a leaf, or makes one node of those on top of a stack.
fn tree_of(words: &[u32]) -> Ast {
    const OPS: [Binary; 14] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Rem,
        Binary::Pow,
        Binary::Lt,
        Binary::Le,
        Binary::Gt,
        Binary::Ge,
        Binary::Eq,
        Binary::Ne,
        Binary::And,
        Binary::Or,
    ];
    const NUMBERS: [f64; 12] =
        [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1e16, 1e-7, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    const NAMES: [&str; 5] = ["close", "entry.price", "x_1", "lag", "nota"];
    // Names of columns have any letters.
    const FIELDS: [&str; 11] =
        ["close", "entry.price", "x_1", "lag", "nota", "adj close", "S&P 500", "and", "1d", "`a``b`", "日本.x"];
    let mut ast = Ast::new();
    let mut stack: Vec<NodeId> = Vec::new();
    for &word in words {
        let pick = (word >> 8) as usize;
        let mut take = || stack.pop().unwrap();
        let node = match (word % 32, ast.nodes().len()) {
            (_, 0) | (0..8, _) => match word % 5 {
                0 => Node::Number(NUMBERS[pick % 12]),
                1 => Node::Number(f64::from_bits(u64::from(word) << 32 | u64::from(word))),
                2 => Node::Bool(pick.is_multiple_of(2)),
                3 => Node::Param(NAMES[pick % 5].into()),
                _ => Node::Field(FIELDS[pick % 11].into()),
            },
            (8..12, _) => Node::Unary(Unary::Neg, take()),
            (12..14, _) => Node::Unary(Unary::Not, take()),
            (14..16, _) => Node::Lag(take(), pick as u32 % 1_000),
            (16..27, _) if stack.len() >= 2 => {
                let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
                Node::Binary(OPS[pick % 14], a, b)
            }
            (27..29, _) if stack.len() >= 3 => {
                let (c, b, a) = (stack.pop().unwrap(), stack.pop().unwrap(), stack.pop().unwrap());
                Node::If(a, b, c)
            }
            _ => {
                let n = stack.len().min(pick % 4);
                let n_named = (pick / 4) % (n + 1);
                let values = stack.split_off(stack.len() - n);
                let mut args: Vec<Arg> = values.into_iter().map(|value| Arg { name: None, value }).collect();
                if pick.is_multiple_of(3) {
                    let value = ast.push(Node::Text(["1h", "a\"b'\\\n", "日本"][pick % 5 % 3].into())).unwrap();
                    args.insert(0, Arg { name: None, value });
                }
                let n_args = args.len();
                for arg in &mut args[n_args - n_named..] {
                    arg.name = Some(NAMES[2].into());
                }
                let output = pick.is_multiple_of(5).then(|| "hist".into());
                Node::Call { name: "macd".into(), args: args.into(), output }
            }
        };
        stack.push(ast.push(node).unwrap());
    }
    // What is left becomes one call, so that every node is in use.
    let args = stack.into_iter().map(|value| Arg { name: None, value }).collect();
    ast.push(Node::Call { name: "all".into(), args, output: None }).unwrap();
    ast
}

/// Expressions as people write them: with parentheses too many, other spellings, and blanks.
fn source() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "close",
        "entry.price",
        "$n",
        "1",
        "2.50",
        ".5",
        "1e-3",
        "nan",
        "inf",
        "true",
        "f()",
        "macd(x , 12).hist",
        "tf('1h', x)",
        "-2",
        "(-2)",
        "x[1]",
        "x[ $n ]",
        "lag(x, 3)",
        "lag(x, $n)",
        "# c\n y",
        "`adj close`",
        "`S&P 500`[1]",
        "`a``b`",
        "`close`",
        "sma(`and`, 5)",
    ])
    .prop_map(str::to_owned);
    let op = prop::sample::select(vec![
        "+", " - ", "-", " * ", "/", "%", "^", "**", " < ", "<=", ">", ">=", "==", " != ", " and ", "&&", " or ", "||",
    ]);
    leaf.prop_recursive(6, 40, 3, move |x| {
        let bare = (x.clone(), op.clone(), x.clone()).prop_map(|(a, op, b)| format!("{a}{op}{b}"));
        prop_oneof![
            3 => bare,
            2 => (x.clone(), op.clone(), x.clone()).prop_map(|(a, op, b)| format!("({a}){op}({b})")),
            1 => x.clone().prop_map(|x| format!("( {x})")),
            1 => x.clone().prop_map(|x| format!("-{x}")),
            1 => x.clone().prop_map(|x| format!("!{x}")),
            1 => x.clone().prop_map(|x| format!("not {x}")),
            1 => x.clone().prop_map(|x| format!("+{x}")),
            1 => x.clone().prop_map(|x| format!("({x})[2]")),
            1 => x.clone().prop_map(|x| format!("({x})[$k]")),
            1 => (x.clone(), x.clone(), x.clone()).prop_map(|(c, a, b)| format!("{c} ? {a} : {b}")),
            1 => (x.clone(), x.clone(), x.clone()).prop_map(|(c, a, b)| format!("if({c},{a},{b})")),
            1 => (x.clone(), x).prop_map(|(a, b)| format!("max({a}, by={b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_tree_built_in_code_prints_the_same_once_read(words in prop::collection::vec(any::<u32>(), 0..80)) {
        let ast = tree_of(&words);
        let printed = ast.print_whole(ast.root().unwrap()).unwrap();
        let read = parse(&printed).unwrap_or_else(|e| panic!("{e}"));
        prop_assert_eq!(read.to_string(), printed);
        check(&read);
    }

    #[test]
    fn a_text_that_reads_prints_as_the_same_tree(text in source()) {
        // Some do not: comparisons may chain, and `not` may stand after a tighter operator.
        if let Ok(ast) = parse(&text) {
            check(&ast);
            check_spans(&ast);
        }
    }

    #[test]
    fn a_text_in_parentheses_reads_as_without(text in source()) {
        if let Ok(ast) = parse(&text) {
            let wrapped = parse(&format!(" ({text}\n)")).unwrap();
            prop_assert_eq!(format!("{:?}", wrapped.nodes()), format!("{:?}", ast.nodes()));
        }
    }

    #[test]
    fn no_soup_of_tokens_panics(picks in prop::collection::vec(0..TOKENS.len(), 0..200)) {
        survive(&picks.into_iter().map(|i| TOKENS[i]).collect::<String>());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        survive(&text);
        survive(&format!("f('{text}')"));
        survive(&format!("`{text}`"));
        let name = text.replace('\n', " ");
        let is_read = survive(&format!("`{}`", name.replace('`', "``")));
        prop_assert_eq!(is_read, !name.is_empty());
    }
}

const TOKENS: [&str; 68] = [
    "a", " b ", "close", "$n", "$", "1", "0.5", ".5", "1.", "1e", "1e9", "nan", "inf", "true", " and ", " or ",
    " not ", "if(", "if", "f(", "lag(", "(", ")", ")", ")", "[", "]", "[1]", "[$n]", "[-1]", ",", ",", "=", "==", "!=",
    "<", "<=", ">", ">=", "<>", "+", "-", "*", "/", "%", "^", "**", "!", "?", ":", ".", ".hist", "\"1h\"", "'", "\"",
    "\\", "#", "\n", " ", "\t", "−", "é", "AND", "x=", "`", "`", "``", "`a b`",
];

/// Reads what may be anything; what is read must keep the laws, what is not must be told. True if it was read.
fn survive(text: &str) -> bool {
    let read = parse(text);
    match &read {
        Ok(ast) => {
            check(ast);
            check_spans(ast);
        }
        Err(error) => {
            assert!(error.at.start <= error.at.end && error.at.end <= text.len());
            assert!(error.text.get(error.at.clone()).is_some(), "{text:?}");
            assert!(!error.reason.is_empty() && !error.mend.is_empty());
            assert_eq!(error.to_string().split('\n').count(), 4, "{text:?}");
        }
    }
    read.is_ok()
}

#[test]
fn no_mutation_of_a_valid_expression_panics() {
    const SEEDS: [&str; 11] = [
        "ret_range_50 * (sign(xle_relative_strength) - 0.9149)",
        "cross_above(sma(close, period=20), sma(close, $slow)) and not (rsi(close, 14) > 70)",
        "macd(close, 12, 26).hist[1] <= 0 && macd(close, 12, 26).hist > 0 || !latched",
        "c ? a ? 1 : 2.5e-3 : -x ^ 2 ** y",
        "if(close[1] < open, lag(close, 3), tf(\"1h\", rsi(close, 14)))",
        "neutralize(-1 * cs_rank(delta(log(volume), 2)), IndClass.sector)",
        "(entry.price - close) / entry.price >= 0.02 # a stop\n or pos.bars == 10",
        "scan(0, prev * $a + (1 - $a) * x)",
        "sym('SPY', close)[$n] % 7 != nan",
        "--2 + +3 - -inf",
        "sma(`adj close`, 5) / `S&P 500`[1] - `a``b` * `1d_ret`",
    ];
    const MARKS: &[u8] = b"()[],.=?:!<>+-*/%^$#\"'`\\ \n&|";
    let mut random = Stream::new(7, "expr.fuzz", 0);
    let (mut n_read, mut bytes) = (0, Vec::new());
    for i in 0..50_000 {
        // Changes pile up over a few rounds, then another expression is taken.
        if i % 6 == 0 {
            bytes = SEEDS[random.below(SEEDS.len() as u64) as usize].as_bytes().to_vec();
        }
        let place = random.below(bytes.len() as u64 + 1) as usize;
        let byte = match random.below(4) {
            0 => random.below(256) as u8,
            1 => MARKS[random.below(MARKS.len() as u64) as usize],
            _ => bytes.get(random.below(bytes.len() as u64) as usize).copied().unwrap_or(b'x'),
        };
        match random.below(4) {
            0 => bytes.insert(place, byte),
            1 if place < bytes.len() => bytes[place] = byte,
            2 if place < bytes.len() => drop(bytes.remove(place)),
            _ => {
                let end = (place + random.below(12) as usize).min(bytes.len());
                let piece = bytes[place..end].to_vec();
                let target = random.below(bytes.len() as u64 + 1) as usize;
                bytes.splice(target..target, piece);
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        n_read += usize::from(survive(&text));
    }
    // Enough of both, or the loop shows nothing.
    assert!((5_000..45_000).contains(&n_read), "{n_read} of 50,000 were read");
}
