//! Tokens to a syntax tree.
//!
//! Operator precedence by Pratt's binding powers (1973), on a stack of our own: no input makes this recurse, and time
//! and memory are linear in the text. What is open (a parenthesis, a call, an operator that waits for its right side)
//! is a frame on one stack, what is done is an operand on another.

use std::ops::Range;
use std::sync::Arc;

use super::ast::{Arg, Ast, Binary, Node, NodeId, Unary, for_each_child};
use super::error::{SyntaxError, quoted};
use super::lex::{Kind, Lexer, Token, unquote, unquote_name};
use super::print::{is_signed, level, level_needed, level_of};

/// The longest text that is read, in bytes. Every node has a byte of its own, so no tree has more nodes than this.
pub const MAX_TEXT: usize = 1 << 20;

/// How many levels deep parentheses, calls, signs, `not`, exponents and choices may be nested.
pub const MAX_DEPTH: usize = 200;

/// The longest lag, in rows.
pub const MAX_LAG: u32 = 1_000_000;

type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads an expression.
///
/// The grammar stands in the documentation of [`crate::expr`]. Names are kept as written: whether they stand for
/// something is found out later.
pub fn parse(text: &str) -> Result<Ast> {
    Parser::new(text)?.run().map(|(ast, _)| ast)
}

/// What is read next.
enum Next {
    Operand,
    Operator,
    Nothing,
}

/// Where in the arguments of a call the next token stands.
#[derive(PartialEq)]
enum Place {
    /// At the beginning of an argument.
    Argument,
    /// After its name.
    Value,
    Elsewhere,
}

/// Something that is not finished.
enum Open {
    Paren {
        start: usize,
    },
    Call {
        name: Range<usize>,
        paren: usize,
        /// Where in `Parser::args` its arguments begin.
        first_arg: usize,
        /// The name of the argument that is being read.
        arg_name: Option<Arc<str>>,
        has_named: bool,
        is_if: bool,
    },
    Unary {
        op: Unary,
        level: u8,
        start: usize,
    },
    Binary {
        op: Binary,
    },
    /// `c ?`
    Then {
        start: usize,
    },
    /// `c ? a :`
    Else,
}

impl Open {
    /// Whether it counts as a level. Other operators cannot nest without one that does.
    fn nests(&self) -> bool {
        !matches!(self, Self::Binary { op } if *op != Binary::Pow)
    }
}

/// A finished part, and where it stands with its parentheses.
#[derive(Clone, Copy)]
struct Operand {
    id: NodeId,
    start: usize,
    end: usize,
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token to be read next.
    token: Token,
    /// The token before it.
    last: Option<Token>,
    place: Place,
    ast: Ast,
    /// How many levels the canonical text of each node has.
    depths: Vec<u8>,
    operands: Vec<Operand>,
    open: Vec<Open>,
    /// How many of `open` nest.
    n_nested: usize,
    args: Vec<Arg>,
    /// Tokens read and frames finished: all that takes time.
    n_steps: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        if text.len() > MAX_TEXT {
            let shown: String = text.chars().take(80).chain(['…']).collect();
            let reason = format!("it is {} bytes long, and {MAX_TEXT} is the most that is read", text.len());
            return Err(SyntaxError::new(shown, 0..0, reason, "split it into several expressions"));
        }
        let mut lexer = Lexer::new(text);
        let token = lexer.token()?;
        Ok(Self {
            lexer,
            token,
            last: None,
            place: Place::Elsewhere,
            ast: Ast::of_text(text.into()),
            depths: Vec::new(),
            operands: Vec::new(),
            open: Vec::new(),
            n_nested: 0,
            args: Vec::new(),
            n_steps: 0,
        })
    }

    fn run(mut self) -> Result<(Ast, usize)> {
        let mut next = Next::Operand;
        loop {
            next = match next {
                Next::Operand => self.operand()?,
                Next::Operator => self.operator()?,
                Next::Nothing => return Ok((self.ast, self.n_steps)),
            };
        }
    }

    // What may stand at the place of an operand.

    fn operand(&mut self) -> Result<Next> {
        let token = self.token;
        let place = std::mem::replace(&mut self.place, Place::Elsewhere);
        let node = match token.kind {
            Kind::Number(v) => Node::Number(v),
            Kind::Bool(v) => Node::Bool(v),
            Kind::Param => Node::Param(self.lexer.slice(token.start + 1..token.end).into()),
            Kind::Text => return self.text(place),
            Kind::Name => return self.name(place),
            Kind::QuotedName => Node::Field(unquote_name(self.lexer.slice(token.at())).into()),
            Kind::If => {
                self.bump()?;
                if self.token.kind != Kind::Open {
                    return Err(self.error(token.at(), "`if` is written as a call", "write `if(condition, a, b)`"));
                }
                return self.begin_call(token, true);
            }
            Kind::Open => {
                self.bump()?;
                self.begin(Open::Paren { start: token.start }, token)?;
                return Ok(Next::Operand);
            }
            Kind::Close if place == Place::Argument && self.is_empty_call() => return self.end_call(),
            Kind::Op(Binary::Add) => {
                self.bump()?;
                return Ok(Next::Operand);
            }
            Kind::Op(Binary::Sub) => return self.begin_unary(Unary::Neg, level::SIGN),
            Kind::Bang => return self.begin_unary(Unary::Not, level::SIGN),
            Kind::Not => return self.begin_unary(Unary::Not, level::NOT),
            _ => return Err(self.no_operand()),
        };
        self.bump()?;
        self.add(node, token.start, token.end)?;
        Ok(Next::Operator)
    }

    fn text(&mut self, place: Place) -> Result<Next> {
        let token = self.bump()?;
        let is_arg = match self.open.last() {
            Some(Open::Call { is_if, .. }) => !is_if && place != Place::Elsewhere,
            _ => false,
        };
        if !(is_arg && matches!(self.token.kind, Kind::Comma | Kind::Close | Kind::End)) {
            return Err(self.error(
                token.at(),
                "a text in quotes can only be an argument",
                "write it as in `tf(\"1h\", close)`; names stand without quotes",
            ));
        }
        let node = Node::Text(unquote(self.lexer.slice(token.at())).into());
        self.add(node, token.start, token.end)?;
        Ok(Next::Operator)
    }

    fn name(&mut self, place: Place) -> Result<Next> {
        let token = self.bump()?;
        let name = self.lexer.slice(token.at());
        match self.token.kind {
            Kind::Open => return self.begin_call(token, false),
            Kind::Assign if place == Place::Argument => {
                if let Some(Open::Call { is_if: false, arg_name, has_named, .. }) = self.open.last_mut() {
                    if name.contains('.') {
                        return Err(self.error(
                            token.at(),
                            "the name of an argument has no dots",
                            "write it as in `sma(close, period=20)`, or `==` to compare",
                        ));
                    }
                    *arg_name = Some(name.into());
                    *has_named = true;
                    self.bump()?;
                    self.place = Place::Value;
                    return Ok(Next::Operand);
                }
            }
            _ => {}
        }
        self.add(Node::Field(name.into()), token.start, token.end)?;
        Ok(Next::Operator)
    }

    /// Begins a call of the name before the parenthesis that comes next.
    fn begin_call(&mut self, name: Token, is_if: bool) -> Result<Next> {
        let paren = self.bump()?;
        let call = Open::Call {
            name: name.at(),
            paren: paren.start,
            first_arg: self.args.len(),
            arg_name: None,
            has_named: false,
            is_if,
        };
        self.begin(call, name)?;
        self.place = Place::Argument;
        Ok(Next::Operand)
    }

    fn begin_unary(&mut self, op: Unary, level: u8) -> Result<Next> {
        if level == level::NOT {
            // `a + not b < c` would be read in a way that no one expects.
            let outer = match self.open.last() {
                Some(Open::Binary { op }) => op.level(),
                Some(Open::Unary { level, .. }) => *level,
                _ => level::ANY,
            };
            if outer > level::NOT {
                let before = self.last.map_or("", |t| self.lexer.slice(t.at()));
                let reason = format!("`not` binds less tightly than the {} before it", quoted(before));
                return Err(self.error(self.token.at(), reason, "put parentheses around it, as in `a == (not b)`"));
            }
        }
        let token = self.bump()?;
        self.begin(Open::Unary { op, level, start: token.start }, token)?;
        Ok(Next::Operand)
    }

    /// Whether the innermost thing open is a call without arguments so far.
    fn is_empty_call(&self) -> bool {
        matches!(self.open.last(), Some(Open::Call { first_arg, .. }) if *first_arg == self.args.len())
    }

    // What may stand after an operand.

    fn operator(&mut self) -> Result<Next> {
        let token = self.token;
        match token.kind {
            Kind::Op(op) => {
                self.finish_down_to(op.level(), token)?;
                self.bump()?;
                self.begin(Open::Binary { op }, token)?;
                Ok(Next::Operand)
            }
            Kind::OpenLag => self.lag(),
            Kind::Dot => self.output(),
            Kind::Question => {
                self.finish_operators()?;
                self.bump()?;
                self.begin(Open::Then { start: token.start }, token)?;
                Ok(Next::Operand)
            }
            Kind::Colon => {
                self.finish_choices()?;
                let Some(Open::Then { .. }) = self.open.last() else {
                    return Err(self.error(token.at(), "`:` has no `?` before it", "write a choice as `c ? a : b`"));
                };
                self.end();
                self.bump()?;
                self.begin(Open::Else, token)?;
                Ok(Next::Operand)
            }
            Kind::Comma => {
                self.finish_choices()?;
                self.check_choice()?;
                if !matches!(self.open.last(), Some(Open::Call { .. })) {
                    return Err(self.error(
                        token.at(),
                        "`,` stands outside of a call",
                        "write one expression, or a call such as `max(a, b)`",
                    ));
                }
                self.end_argument()?;
                self.bump()?;
                self.place = Place::Argument;
                Ok(Next::Operand)
            }
            Kind::Close => {
                self.finish_choices()?;
                self.check_choice()?;
                match self.open.last() {
                    Some(Open::Paren { start }) => {
                        let start = *start;
                        self.end();
                        let close = self.bump()?;
                        let inner = self.take()?;
                        self.operands.push(Operand { start, end: close.end, ..inner });
                        Ok(Next::Operator)
                    }
                    Some(Open::Call { .. }) => {
                        self.end_argument()?;
                        self.end_call()
                    }
                    _ => Err(self.error(token.at(), "`)` closes nothing", "take it out, or write `(` before it")),
                }
            }
            Kind::End => {
                self.finish_choices()?;
                self.check_choice()?;
                match self.open.last() {
                    Some(Open::Paren { start: paren } | Open::Call { paren, .. }) => {
                        Err(self.error(*paren..*paren + 1, "`(` is never closed", "write `)` where it ends"))
                    }
                    _ => Ok(Next::Nothing),
                }
            }
            Kind::Assign => {
                Err(self.error(token.at(), "`=` does not compare", "write `==`; a named argument is `f(x, period=20)`"))
            }
            Kind::CloseLag => Err(self.error(token.at(), "`]` closes nothing", "take it out, or write `[` before it")),
            _ => {
                let reason = format!("expected an operator before {}", quoted(self.lexer.slice(token.at())));
                let mend = match (self.last.map(|t| t.kind), token.kind) {
                    (Some(Kind::QuotedName), Kind::Open) => "write what is called without backquotes",
                    (Some(Kind::Name), Kind::Name) => {
                        "write an operator between the two, such as `*`, or `and`; one name of several words stands in \
                         backquotes"
                    }
                    _ => "write an operator between the two, such as `*`, or `and` between conditions",
                };
                Err(self.error(token.at(), reason, mend))
            }
        }
    }

    /// `[3]` or `[$n]` after an operand.
    fn lag(&mut self) -> Result<Next> {
        const REASON: &str = "a lag in brackets is a whole number or a parameter";
        const MEND: &str = "write it as in `x[1]` or `x[$n]`";
        let open = self.bump()?;
        let token = self.token;
        match token.kind {
            Kind::Number(_) | Kind::Param => self.bump()?,
            Kind::Op(Binary::Sub) => return Err(self.negative_lag(token.at())),
            Kind::End => return Err(self.error(open.at(), "`[` is never closed", "write `]` after the lag")),
            Kind::CloseLag => return Err(self.error(open.start..token.end, "the lag is missing", MEND)),
            _ => return Err(self.error(token.at(), REASON, MEND)),
        };
        if self.token.kind == Kind::End {
            return Err(self.error(open.at(), "`[` is never closed", "write `]` after the lag"));
        }
        if self.token.kind != Kind::CloseLag {
            return Err(self.error(self.token.at(), REASON, MEND));
        }
        let close = self.bump()?;
        let x = self.take()?;
        if let Kind::Number(v) = token.kind {
            let rows = self.whole_lag(v, token.at())?;
            self.add(Node::Lag(x.id, rows), x.start, close.end)?;
        } else {
            let name = self.lexer.slice(token.start + 1..token.end);
            self.add(Node::Param(name.into()), token.start, token.end)?;
            let rows = self.take()?;
            let args = [x, rows].map(|o| Arg { name: None, value: o.id });
            let node = Node::Call { name: "lag".into(), args: args.into(), output: None };
            self.add(node, x.start, close.end)?;
        }
        Ok(Next::Operator)
    }

    fn whole_lag(&self, v: f64, at: Range<usize>) -> Result<u32> {
        if is_signed(v) {
            return Err(self.negative_lag(at));
        }
        if v.fract() != 0.0 {
            return Err(self.error(at, "a lag is a whole number of rows", "write it without a fraction, as in `x[1]`"));
        }
        if v > f64::from(MAX_LAG) {
            let reason = format!("a lag is at most {MAX_LAG} rows");
            return Err(self.error(at, reason, "write a smaller number"));
        }
        Ok(v as u32)
    }

    fn negative_lag(&self, at: Range<usize>) -> SyntaxError {
        self.error(at, "a lag cannot be negative: nothing reads a later row", "write `x[1]` for the row before")
    }

    /// `.hist` after a call.
    fn output(&mut self) -> Result<Next> {
        let is_call = self.last.is_some_and(|t| t.kind == Kind::Close)
            && self.operands.last().is_some_and(|o| {
                matches!(self.ast.node(o.id), Node::Call { .. }) && self.ast.span(o.id) == (o.start..o.end)
            });
        let is_name = self.last.is_some_and(|t| t.kind == Kind::Name);
        let dot = self.bump()?;
        if is_name {
            let mend = "write it in one piece, as in `entry.price`";
            return Err(self.error(dot.at(), "a name does not end with `.`", mend));
        }
        if !is_call {
            let mend = "write it directly after the call, as in `macd(close).hist`";
            return Err(self.error(dot.at(), "`.` picks an output of a call, and no call stands before it", mend));
        }
        let token = self.token;
        let name = self.lexer.slice(token.at());
        if token.kind != Kind::Name || name.contains('.') {
            let at = if token.kind == Kind::End { dot.at() } else { token.at() };
            return Err(self.error(
                at,
                "expected one name after `.`",
                "write an output's name, as in `macd(close).hist`",
            ));
        }
        self.bump()?;
        let call = self.take()?;
        self.depths.pop();
        if let Some(Node::Call { name: function, args, .. }) = self.ast.pop() {
            let node = Node::Call { name: function, args, output: Some(name.into()) };
            self.add(node, call.start, token.end)?;
        }
        Ok(Next::Operator)
    }

    /// Puts the finished operand among the arguments of the innermost call.
    fn end_argument(&mut self) -> Result<()> {
        let value = self.take()?;
        if let Some(Open::Call { arg_name, has_named, .. }) = self.open.last_mut() {
            let name = arg_name.take();
            if name.is_none() && *has_named {
                return Err(self.error(
                    value.start..value.end,
                    "an argument without a name follows a named one",
                    "give it its name, or put it before those with names",
                ));
            }
            self.args.push(Arg { name, value: value.id });
        }
        Ok(())
    }

    /// Makes a node of the innermost call, at its closing parenthesis.
    fn end_call(&mut self) -> Result<Next> {
        let close = self.bump()?;
        if let Some(Open::Call { name: at, first_arg, is_if, .. }) = self.end() {
            let args: Box<[Arg]> = self.args.drain(first_arg..).collect();
            let name = self.lexer.slice(at.clone());
            let node = if is_if {
                let [c, a, b] = &*args else {
                    let reason = format!("`if` takes three arguments, not {}", args.len());
                    return Err(self.error(at.start..close.end, reason, "write `if(condition, a, b)`"));
                };
                Node::If(c.value, a.value, b.value)
            } else {
                self.call(name, args)?
            };
            self.add(node, at.start, close.end)?;
        }
        Ok(Next::Operator)
    }

    /// A call; `lag(x, 3)` is the same as `x[3]`.
    fn call(&mut self, name: &str, args: Box<[Arg]>) -> Result<Node> {
        if name == "lag"
            && let [Arg { name: None, value: x }, Arg { name: None, value: rows }] = &*args
            && let Node::Number(v) = self.ast.node(*rows)
            && !matches!(self.ast.node(*x), Node::Text(_))
        {
            let rows = self.whole_lag(*v, self.ast.span(*rows))?;
            // The number is the last node, and no part of the tree any more.
            self.ast.pop();
            self.depths.pop();
            return Ok(Node::Lag(*x, rows));
        }
        Ok(Node::Call { name: name.into(), args, output: None })
    }

    // The two stacks.

    fn begin(&mut self, open: Open, token: Token) -> Result<()> {
        if open.nests() {
            if self.n_nested == MAX_DEPTH {
                return Err(self.too_deep(token.at()));
            }
            self.n_nested += 1;
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Option<Open> {
        self.n_steps += 1;
        let open = self.open.pop()?;
        self.n_nested -= usize::from(open.nests());
        Some(open)
    }

    fn take(&mut self) -> Result<Operand> {
        // One is always there after an operand was read.
        self.operands.pop().ok_or_else(|| self.no_operand())
    }

    /// Finishes what binds at least as tightly as the operator that comes next.
    fn finish_down_to(&mut self, level: u8, token: Token) -> Result<()> {
        loop {
            match self.open.last() {
                Some(Open::Unary { level: inner, .. }) if *inner >= level => self.finish()?,
                Some(Open::Binary { op }) if op.level() > level => self.finish()?,
                Some(Open::Binary { op }) if op.level() == level => match level {
                    level::POWER => return Ok(()),
                    level::COMPARE => {
                        let mend = "write `a < b and b < c`, or put one of them in parentheses";
                        return Err(self.error(token.at(), "comparisons do not chain", mend));
                    }
                    _ => self.finish()?,
                },
                _ => return Ok(()),
            }
        }
    }

    /// Finishes all operators, up to a parenthesis, a call or a choice.
    fn finish_operators(&mut self) -> Result<()> {
        while let Some(Open::Unary { .. } | Open::Binary { .. }) = self.open.last() {
            self.finish()?;
        }
        Ok(())
    }

    /// Finishes all operators and choices that have both branches.
    fn finish_choices(&mut self) -> Result<()> {
        while let Some(Open::Unary { .. } | Open::Binary { .. } | Open::Else) = self.open.last() {
            self.finish()?;
        }
        Ok(())
    }

    /// An error if a choice has no second branch.
    fn check_choice(&self) -> Result<()> {
        match self.open.last() {
            Some(Open::Then { start }) => {
                Err(self.error(*start..*start + 1, "`?` has no `:` after it", "write a choice as `c ? a : b`"))
            }
            _ => Ok(()),
        }
    }

    /// Makes a node of the innermost operator or choice.
    fn finish(&mut self) -> Result<()> {
        match self.end() {
            Some(Open::Unary { op, start, .. }) => {
                let x = self.take()?;
                match *self.ast.node(x.id) {
                    Node::Number(v) if op == Unary::Neg && !v.is_nan() && !is_signed(v) => {
                        self.ast.pop();
                        self.depths.pop();
                        self.add(Node::Number(-v), start, x.end)
                    }
                    _ => self.add(Node::Unary(op, x.id), start, x.end),
                }
            }
            Some(Open::Binary { op }) => {
                let (b, a) = (self.take()?, self.take()?);
                self.add(Node::Binary(op, a.id, b.id), a.start, b.end)
            }
            Some(Open::Else) => {
                let (b, a, c) = (self.take()?, self.take()?, self.take()?);
                self.add(Node::If(c.id, a.id, b.id), c.start, b.end)
            }
            _ => Ok(()),
        }
    }

    /// Adds a node, as a finished operand.
    fn add(&mut self, node: Node, start: usize, end: usize) -> Result<()> {
        // How deep the canonical text is: `a ? b : c` becomes a call there, and `!a` may need parentheses. What is read
        // must also be readable once printed.
        let own = |i: usize| match &node {
            Node::Unary(..) | Node::If(..) | Node::Call { .. } => 1,
            Node::Binary(Binary::Pow, ..) => i,
            _ => 0,
        };
        let mut depth = usize::from(level_of(&node) == level::SIGN || matches!(node, Node::Call { .. }));
        let mut i = 0;
        for_each_child(&node, |child| {
            let parens = usize::from(level_of(self.ast.node(child)) < level_needed(&node, i));
            depth = depth.max(usize::from(self.depths[child.idx()]) + parens + own(i));
            i += 1;
        });
        let (Ok(levels), true) = (u8::try_from(depth), depth <= MAX_DEPTH) else {
            return Err(self.too_deep(start..end));
        };
        // The text is short enough for 32 bits.
        let Some(id) = self.ast.push_at(node, start as u32..end as u32) else {
            return Err(self.error(start..end, "it has too many parts", "split it into several expressions"));
        };
        self.depths.push(levels);
        self.operands.push(Operand { id, start, end });
        Ok(())
    }

    /// Goes on to the next token, and gives the one that was next until now.
    fn bump(&mut self) -> Result<Token> {
        self.n_steps += 1;
        let next = self.lexer.token()?;
        let token = std::mem::replace(&mut self.token, next);
        self.last = Some(token);
        Ok(token)
    }

    fn error(&self, at: Range<usize>, reason: impl Into<String>, mend: impl Into<String>) -> SyntaxError {
        self.lexer.error(at, reason, mend)
    }

    fn no_operand(&self) -> SyntaxError {
        let mend = "write a number, a name, or a parenthesis there";
        let text = |t: Token| quoted(self.lexer.slice(t.at()));
        let reason = match (self.last, self.token.kind) {
            (Some(last), _) => format!("expected an operand after {}", text(last)),
            (None, Kind::End) => "there is nothing in it".to_owned(),
            (None, _) => format!("expected an operand before {}", text(self.token)),
        };
        self.error(self.token.at(), reason, mend)
    }

    fn too_deep(&self, at: Range<usize>) -> SyntaxError {
        let reason = format!("it is nested more than {MAX_DEPTH} levels deep");
        self.error(at, reason, "split it into several expressions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with every parenthesis, apart from what printing does.
    fn shape(ast: &Ast, id: NodeId) -> String {
        let of = |id: &NodeId| shape(ast, *id);
        match ast.node(id) {
            Node::Number(v) => format!("{v:?}"),
            Node::Bool(v) => v.to_string(),
            Node::Text(text) => format!("{text:?}"),
            Node::Param(name) => format!("${name}"),
            Node::Field(name) => name.to_string(),
            Node::Unary(op, x) => format!("({op:?} {})", of(x)),
            Node::Binary(op, a, b) => format!("({} {} {})", of(a), op.symbol(), of(b)),
            Node::If(c, a, b) => format!("(if {} {} {})", of(c), of(a), of(b)),
            Node::Lag(x, rows) => format!("(lag {} {rows})", of(x)),
            Node::Call { name, args, output } => {
                let args: Vec<String> = args
                    .iter()
                    .map(|a| a.name.as_ref().map_or(String::new(), |n| format!("{n}=")) + &of(&a.value))
                    .collect();
                let output = output.as_ref().map_or(String::new(), |o| format!(".{o}"));
                format!("{name}({}){output}", args.join(" "))
            }
        }
    }

    #[test]
    fn every_operator_binds_as_tightly_as_it_should() {
        let table = [
            ("a + b * c", "(a + (b * c))"),
            ("a * b + c", "((a * b) + c)"),
            ("a - b - c", "((a - b) - c)"),
            ("a - b + c", "((a - b) + c)"),
            ("a / b * c % d", "(((a / b) * c) % d)"),
            ("a ^ b ^ c", "(a ^ (b ^ c))"),
            ("a ** b ^ c ** d", "(a ^ (b ^ (c ^ d)))"),
            ("a * b ^ c", "(a * (b ^ c))"),
            ("a ^ b * c", "((a ^ b) * c)"),
            ("-x^2", "(Neg (x ^ 2.0))"),
            ("-2^2", "(Neg (2.0 ^ 2.0))"),
            ("(-2)^2", "(-2.0 ^ 2.0)"),
            ("2^-x", "(2.0 ^ (Neg x))"),
            ("2^-x^y*z", "((2.0 ^ (Neg (x ^ y))) * z)"),
            ("2^-2", "(2.0 ^ -2.0)"),
            ("-x * y", "((Neg x) * y)"),
            ("x * -y + z", "((x * (Neg y)) + z)"),
            ("x - -2", "(x - -2.0)"),
            ("x -2", "(x - 2.0)"),
            ("--2", "(Neg -2.0)"),
            ("-(2)", "-2.0"),
            ("-2[1]", "(Neg (lag 2.0 1))"),
            ("-x[1]", "(Neg (lag x 1))"),
            ("+x", "x"),
            ("+ + -+x", "(Neg x)"),
            ("a < b + c", "(a < (b + c))"),
            ("not a < b", "(Not (a < b))"),
            ("not a == b and c", "((Not (a == b)) and c)"),
            ("not not a", "(Not (Not a))"),
            ("!a == b", "((Not a) == b)"),
            ("!a && !!b", "((Not a) and (Not (Not b)))"),
            ("!x[1]", "(Not (lag x 1))"),
            ("!-x ^ 2", "(Not (Neg (x ^ 2.0)))"),
            ("a or b and c", "(a or (b and c))"),
            ("a and b or c", "((a and b) or c)"),
            ("a || b || c && d", "((a or b) or (c and d))"),
            ("a and not b or c", "((a and (Not b)) or c)"),
            ("a < b and c >= d", "((a < b) and (c >= d))"),
            ("(a < b) == (c != d)", "((a < b) == (c != d))"),
            ("c ? a : b", "(if c a b)"),
            ("a or b ? c + d : e and f", "(if (a or b) (c + d) (e and f))"),
            ("a ? b : c ? d : e", "(if a b (if c d e))"),
            ("a ? b ? c : d : e", "(if a (if b c d) e)"),
            ("(a ? b : c) ? d : e", "(if (if a b c) d e)"),
            ("a ? not b : -c", "(if a (Not b) (Neg c))"),
            ("if(a, b, c) + 1", "((if a b c) + 1.0)"),
            ("f(a ? b : c, d)", "f((if a b c) d)"),
        ];
        for (text, tree) in table {
            let ast = parse(text).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(shape(&ast, ast.root().unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn operands_are_read_as_what_they_are() {
        let table = [
            ("entry.price", "entry.price"),
            ("$fast", "$fast"),
            ("true", "true"),
            ("nan", "NaN"),
            ("-inf", "-inf"),
            ("-nan", "(Neg NaN)"),
            ("f()", "f()"),
            ("f ( )", "f()"),
            ("sma(close, period=20)", "sma(close period=20.0)"),
            ("f(a, b, c=d == e, g=$h)", "f(a b c=(d == e) g=$h)"),
            ("tf(\"1h\", rsi(close, 14))", "tf(\"1h\" rsi(close 14.0))"),
            ("sym(name='SPY', x=close)", "sym(name=\"SPY\" x=close)"),
            ("macd(close).hist", "macd(close).hist"),
            ("macd(close) . hist[1] - 1", "((lag macd(close).hist 1) - 1.0)"),
            ("talib.rsi(x)", "talib.rsi(x)"),
            ("x[1]", "(lag x 1)"),
            ("x[1][2]", "(lag (lag x 1) 2)"),
            ("x[0]", "(lag x 0)"),
            ("x[1e6]", "(lag x 1000000)"),
            ("x[$n]", "lag(x $n)"),
            ("(a + b)[$n][3]", "(lag lag((a + b) $n) 3)"),
            ("lag(x, 3)", "(lag x 3)"),
            ("lag((x), +(3.0))", "(lag x 3)"),
            ("lag(x, 2 * 3)", "lag(x (2.0 * 3.0))"),
            ("lag(x, lag=3)", "lag(x lag=3.0)"),
            ("lag(x)", "lag(x)"),
            ("f(x)[1]", "(lag f(x) 1)"),
            ("IndClass.sector", "IndClass.sector"),
            ("a +# one\n\tb # two\r\n", "(a + b)"),
        ];
        for (text, tree) in table {
            let ast = parse(text).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(shape(&ast, ast.root().unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let ast = parse(" (a + -2) * lag( f(x , y=3).z, 4 )[$n] ").unwrap();
        let spans: Vec<&str> = (0..ast.nodes().len()).map(|i| &ast.text()[ast.span(NodeId(i as u32))]).collect();
        assert_eq!(
            spans,
            [
                "a",
                "-2",
                "a + -2",
                "x",
                "3",
                "f(x , y=3).z",
                "lag( f(x , y=3).z, 4 )",
                "$n",
                "lag( f(x , y=3).z, 4 )[$n]",
                "(a + -2) * lag( f(x , y=3).z, 4 )[$n]"
            ]
        );
    }

    #[test]
    fn the_work_is_in_proportion_to_the_text() {
        let pieces = [
            "+1",
            "*-x^2",
            "[1]",
            "+(a)",
            " and not a<b",
            "+f(a,b=c).d[$n]-1",
            "-(c?a:b)",
            "+ $p # note\n",
            "+lag(x,3)",
        ];
        for piece in pieces {
            let steps = |n: usize| {
                let text = "x".to_owned() + &piece.repeat((n - 1) / piece.len());
                Parser::new(&text).unwrap().run().unwrap_or_else(|e| panic!("{e}")).1
            };
            let (few, many) = (steps(MAX_TEXT / 4), steps(MAX_TEXT));
            assert!(many as f64 <= 4.001 * few as f64 + 64.0, "{piece}: {few} and {many} steps");
            assert!(many <= 2 * MAX_TEXT, "{piece}: {many} steps");
        }
    }
}
