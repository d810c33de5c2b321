//! The format: what reads, what is refused and how it is said, what one strategy is, and that no text does harm.

use proptest::prelude::*;
use qe_core::calendar::Calendar;
use qe_core::point::PointTable;
use qe_data::events::EventKind;
use qe_engine::fills::{At, Count, FillTiming, Holding, PathPolicy};
use qe_engine::program::{EntryOrder, ExitKind, LONG, Opposite, SHORT, Source};
use qe_engine::spec::Profile;
use qe_engine::{StrategySpec, strategies};
use qe_factors::expr::Schema;

use crate::support::{PER_YEAR, bars, error, plan, program, read, schema, values};

const V1: &str = include_str!("stored/strategy_v1.toml");
const LONG_ONLY: &str = "[entry]\nlong = \"close > open\"";

/// What these lines are.
fn ids(lines: &str) -> (String, String) {
    let spec = read(lines).unwrap_or_else(|e| panic!("{lines}\n{e}"));
    (spec.spec_id().unwrap().to_string(), spec.skeleton_id().unwrap().to_string())
}

#[test]
fn version_1_opens_with_every_field_and_is_what_it_was() {
    let spec = StrategySpec::from_toml(V1).unwrap();
    assert_eq!(spec.spec_id().unwrap().to_string(), "b3fe0e2dea8d66342c168b2001ff1cff7a060f6af733734036c803fb1fead677");
    assert_eq!(
        spec.skeleton_id().unwrap().to_string(),
        "ed3bb7e55984e302f145296676227578aa68ceaa3c562ee3c3eaf92e28977e32"
    );
    let plan = spec.compile(&schema(), PER_YEAR, None).unwrap();
    let e = plan.execution;
    assert_eq!((e.capital, e.leverage, e.holding), (50_000.0, 2.0, Holding::Units));
    assert_eq!(e.fill, FillTiming { at: At::Open, delay: 1, count: Count::Sessions });
    assert_eq!((e.path, e.flat_at_session_end), (PathPolicy::OpenHighLowClose, true));
    assert_eq!((e.no_entry_last_bars, e.blackout_sessions), (2, 2));
    assert_eq!(plan.blackout_events, [EventKind::Fomc, EventKind::Cpi]);
    assert_eq!((plan.costs.maker_fee_bps, plan.costs.funding_hours), (-0.1, 8));
    assert_eq!(
        plan.reasons.iter().map(|r| &**r).collect::<Vec<_>>(),
        ["stuck", "stop", "target", "trail", "atr_trailing_stop"]
    );
    let p = program(&plan);
    assert!(matches!(p.order, EntryOrder::Stop { level: [Some(_), Some(_)], n_bars: 2 }));
    assert!(matches!(p.gates[..], [Source::Rule(_)]), "the filter on the account");
    let kinds = |side: usize| p.exits[side].iter().map(|e| e.kind).collect::<Vec<_>>();
    let common = [ExitKind::Stop, ExitKind::Target, ExitKind::Trail, ExitKind::Stop];
    assert_eq!(kinds(SHORT), common);
    assert_eq!(kinds(LONG), [&[ExitKind::When][..], &common].concat());
    assert_eq!((p.size.limit_frac, p.size.lot, p.size.min_units), (0.5, 10.0, 20.0));
    assert!(matches!((p.size.source, p.size.scale), (Source::Rule(_), Some(Source::Rule(_)))));
    assert_eq!((p.opposite, p.cooldown_bars, p.cooldown_sessions), (Opposite::Close, 0, 5));
    assert!(matches!(p.strength, Some(Source::Output(_))));
    // Compiled by hand, the longest of it: an average of 200 rows.
    assert_eq!(p.lookback, 199);
    let json = StrategySpec::from_json(&spec.to_json().unwrap()).unwrap();
    let toml = StrategySpec::from_toml(&spec.to_toml().unwrap()).unwrap();
    assert_eq!((&json, &toml), (&spec, &spec));
    let written = spec.with_defaults_written().unwrap();
    assert_eq!(written.spec_id().unwrap(), spec.spec_id().unwrap());
    assert_eq!(StrategySpec::from_toml(&written.to_toml().unwrap()).unwrap(), written);
}

#[test]
fn a_shorthand_and_its_expansion_by_hand_are_one_strategy() {
    let pairs = [
        (
            "[entry]\nlong = { donchian_breakout_long = { period = 30 } }",
            "[entry]\nlong = \"close > ts_max(high, 30)[1]\"",
        ),
        (
            "[entry]\nlong = { stochrsi_cross_up = {} }\n[[exits]]\natr_trailing_stop = { mult = 2 }",
            "[entry]\nlong = \"cross_above(stochrsi(14, 14, 3, 3).k, 30)\"\n[[exits]]\n\
             when = \"close < max_since_entry(close - 2 * atr(14))\"",
        ),
        (
            "filters = [{ none = {} }, { sma_up = {} }]\n[entry]\nlong = { all = [\"close > open\", \"volume > 0\"] }",
            "[entry]\nlong = \"close > open and volume > 0 and close > sma(200)\"",
        ),
        (
            "[series]\nfast = \"sma(close, 5)\"\nspread = \"fast - sma(close, 20)\"\n[entry]\nlong = \"spread > 0\"",
            "[entry]\nlong = \"sma(5) - sma(20) > 0\"",
        ),
        (
            "[entry]\nlong = \"close > open\"\n[sizing]\nvolatility_scaled = {}",
            "[entry]\nlong = \"close > open\"\n[sizing]\nunits = \"0.02 * equity / (2 * atr(14))\"\nlimit_frac = 0.25",
        ),
        (
            "[entry]\nlong = \"close > open\"",
            "profile = \"research\"\nabout = \"words\"\n[entry]\nlong = \"(close>open)  # up\"\n[execution]\ncapital = 10000\n\
             fill = { at = \"open\", delay = 1 }\n[session]\nflat_at_end = false",
        ),
        (
            "[params.x]\ndefault = 2\nkind = { float = { min = 1, max = 3 } }\n[entry]\nlong = \"close > $x\"",
            "[params.x]\ndefault = 2.0\ndoc = \"level\"\nkind = { float = { min = 1.0, max = 3.0 } }\n[entry]\nlong = \"close > $x\"",
        ),
    ];
    for (short, long) in pairs {
        assert_eq!(ids(short), ids(long), "{short}\n{long}");
    }
}

#[test]
fn the_order_of_keys_and_comments_do_not_matter() {
    let a = "[params.b]\ndefault = 2\nkind = { int = { min = 1, max = 9 } }\n[params.a]\ndefault = 1\n\
             kind = { int = { max = 9, min = 1 } }\n[entry]\nshort = \"close < $b\"\nlong = \"close > $a\" # why\n";
    let b = "[entry]\nlong = \"close > $a\"\nshort = \"close < $b\"\n[params.a]\nkind = { int = { min = 1, max = 9 } }\n\
             default = 1\n# more\n[params.b]\nkind = { int = { min = 1, max = 9 } }\ndefault = 2\n";
    assert_eq!(ids(a), ids(b));
}

#[test]
fn what_changes_the_meaning_changes_the_id_and_only_structure_the_family() {
    let base = "[params.n]\ndefault = 14\nkind = { int = { min = 2, max = 50 } }\n[entry]\nlong = \"rsi($n) < 30 and close[1] > 0\"\n\
                [[exits]]\natr_stop = { mult = 2 }\n[sizing]\nfixed_fraction = { frac = 0.1 }\n[execution]\nfill = \"next_open\"";
    let (id, family) = ids(base);
    let numbers = [
        ("default = 14", "default = 15"),
        ("max = 50", "max = 60"),
        ("rsi($n)", "rsi(14)"),
        ("rsi($n)", "rsi(2 * $n + 1)"),
        ("< 30", "< 25"),
        ("< 30", "< -25.5"),
        ("mult = 2", "mult = 3"),
        ("frac = 0.1", "frac = 0.2"),
        ("next_open", "next_close"),
        ("fill =", "capital = 5000\nfill ="),
        ("[execution]", "[costs]\nspread_frac = 0.001\n[execution]"),
    ];
    for (from, to) in numbers {
        let (other, same) = ids(&base.replace(from, to));
        assert_ne!(other, id, "{to}");
        assert_eq!(same, family, "{to}");
    }
    let structure = [
        ("< 30", "> 30"),
        ("rsi($n)", "mfi($n)"),
        ("close[1]", "close[2]"),
        ("close[1]", "open[1]"),
        (" and ", " or "),
        ("atr_stop", "atr_trailing_stop"),
        ("mult = 2", "mult = 2, resting = true"),
        ("atr_stop = { mult = 2 }", "time_stop = {}"),
        ("fixed_fraction = { frac = 0.1 }", "fixed_units = {}"),
        ("fill =", "opposite = \"close\"\nfill ="),
        ("[execution]", "[session]\nflat_at_end = true\n[execution]"),
        ("[execution]", "[session.blackout]\nevents = [\"cpi\"]\n[execution]"),
        ("[[exits]]", "[entry.order.limit]\nlong = \"low\"\n[[exits]]"),
    ];
    let mut seen = std::collections::BTreeSet::from([family]);
    for (from, to) in structure {
        let (other, another) = ids(&base.replacen(from, to, 1));
        assert_ne!(other, id, "{to}");
        assert!(seen.insert(another), "{to}");
    }
}

#[test]
fn confluence_needs_every_member_and_no_opinion_is_a_veto() {
    // The seed's `confluence(None, None)` is a long signal, since all of nothing agree. Here it is an error.
    assert_eq!(
        error("[entry]\nlong = { all = [] }"),
        "entry.long.all: it has no members, so nothing agrees; name the conditions, or leave it out"
    );
    assert!(error("[entry]\nlong = { any = [] }").starts_with("entry.long.any: it has no members"));
    // A member that speaks for the other side cannot agree.
    assert_eq!(
        error("[entry]\nlong = { all = [{ stochrsi_cross_up = {} }, { stochrsi_cross_down = {} }] }"),
        "entry.long.all[1].stochrsi_cross_down: it speaks for short, and this is entry.long; \
         use its counterpart, or write the expression you mean"
    );
    // A member without an opinion (the seed's None), here one that is missing, is a veto, in filters too and when negated.
    let rows = bars(&[3.0, 3.0, f64::NAN, 3.0]);
    let says = |lines: &str| {
        let plan = plan(lines);
        values(&plan, &rows, program(&plan).entry[LONG].unwrap()).iter().map(|v| *v == 1.0).collect::<Vec<_>>()
    };
    let yes = [true, true, false, true];
    assert_eq!(says("[entry]\nlong = { all = [\"volume > 0\", \"close > 2\"] }"), yes);
    assert_eq!(says("filters = [\"not close < 2\"]\n[entry]\nlong = \"volume > 0\""), yes);
    assert_eq!(
        says("[entry]\nlong = \"volume > 0\"\nlong_filters = [{ sma_down = { x = \"-close\", period = 1 } }]"),
        [false; 4]
    );
    assert_eq!(says("filters = [{ any = [\"close > 2\", \"close <= 2\"] }]\n[entry]\nlong = \"volume > 0\""), yes);
    assert_eq!(says("[entry]\nlong = { any = [\"volume > 0\", \"close > 2\"] }"), [true; 4]);
}

#[test]
fn filters_join_entries_and_those_that_read_the_account_become_gates() {
    let plan = plan(
        "filters = [\"drawdown < 0.2 or close > 5\", \"close > 1\"]\n[entry]\nlong = \"close > 2\"\nshort = \"close < 3\"",
    );
    let p = program(&plan);
    let [Source::Rule(gate)] = p.gates[..] else { panic!("{:?}", p.gates) };
    assert!(plan.compiled.rules()[gate].reads_account());
    let rows = bars(&[0.5, 1.5, 2.5]);
    assert_eq!(values(&plan, &rows, p.entry[SHORT].unwrap()), [0.0, 1.0, 1.0]);
    assert_eq!(values(&plan, &rows, p.entry[LONG].unwrap()), [0.0, 0.0, 1.0]);
    assert!(error("[entry]\nlong = \"close > 2\"\nlong_filters = [\"equity > 5\"]").contains("put it under `filters`"));
    let text = error("[entry]\nlong = \"close > 2 and equity > 5\"");
    assert!(text.starts_with("entry.long:\nequity is known of the account alone"), "{text}");
}

#[test]
fn errors_name_the_field_and_show_the_place() {
    let text = error("[entry]\nlong = \"close >\"");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("cannot read the expression: "), "{text}");
    assert_eq!((lines[0], lines[2], lines[3]), ("entry.long:", "  close >", "         ^"), "{text}");
    let column = "\
exits[1].stop:
no column is named `clsoe`
  entry.price - 2 * (high - clsoe)
                            ^^^^^
did you mean `close`?";
    let lines =
        format!("{LONG_ONLY}\n[[exits]]\ntime_stop = {{}}\n[[exits]]\nstop = \"entry.price - 2 * (high - clsoe)\"");
    assert_eq!(error(&lines), column);
    let param = "\
filters[0].all[1]:
no parameter is named `fsat`
  $fsat > 3
  ^^^^^
did you mean `$fast`?";
    let lines = format!(
        "filters = [{{ all = [\"close > 0\", \"$fsat > 3\"] }}]\n[params.fast]\ndefault = 1\nkind = {{ int = {{ min = 1, max = 2 }} }}\n{LONG_ONLY}"
    );
    assert_eq!(error(&lines), param);
    // Within a series the error points at the series, and within a block at what it was given.
    let series = error("[series]\nfast = \"sma(clse, 5)\"\n[entry]\nlong = \"close > fast\"");
    assert!(series.starts_with("series.fast:\nno column is named `clse`\n  sma(clse, 5)\n      ^^^^"), "{series}");
    let given = error("[entry]\nlong = { zone_exit_long = { x = \"rsi(clse)\" } }");
    assert!(given.starts_with("entry.long.zone_exit_long.x:\nno column is named `clse`"), "{given}");
    let own = "\
entry.long:
`and` wants a condition, and this is a number
  close > fast and fast
                   ^^^^
compare it with something, such as `… != 0`";
    assert_eq!(error("[series]\nfast = \"sma(close, 5) * 2\"\n[entry]\nlong = \"close > fast and fast\""), own);
}

#[test]
fn what_does_not_exist_is_answered_with_the_nearest() {
    let cases = [
        ("entry = { lnog = \"close > 1\" }", "unknown field `lnog`"),
        ("[entry]\nlong = \"close > open\"\n[session]\nflat = true", "unknown field `flat`"),
        (
            "[params.a]\ndefault = 1\nkind = { int = { min = 1, max = 2, stp = 3 } }",
            "unexpected keys in table: stp, available keys: min, max, step",
        ),
        ("[entry]\nlong = { adx_trendin = {} }", "no condition is named `adx_trendin`; did you mean `adx_trending`?"),
        (
            "[entry]\nlong = { adx_trending = { perod = 3 } }",
            "entry.long.adx_trending.perod: the block takes no such thing; did you mean `period`?",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[[exits]]\natr_stp = {}",
            "exits[0].atr_stp: no exit is named `atr_stp`; did you mean `atr_stop`?",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[sizing]\nfixed_fractoin = {}",
            "no size is named `fixed_fractoin`; did you mean `fixed_fraction`?",
        ),
        (
            "[entry]\nlong = { adx_trending = { period = 0 } }",
            "entry.long.adx_trending.period: parameter period: 0 is not allowed",
        ),
        ("[entry]\nlong = { factor_above = {} }", "entry.long.factor_above.factor: it must be given: the factor"),
        (
            "[entry]\nlong = \"close > 1\"\n[[exits]]\natr_stop = { resting = \"$x\" }",
            "it decides which rule is meant, so no parameter can",
        ),
    ];
    for (lines, expected) in cases {
        let text = error(lines);
        assert!(text.contains(expected), "{lines}\n{text}");
    }
}

#[test]
fn contradictions_are_refused() {
    let both = "[entry]\nlong = \"close > 1\"\n";
    let cases = [
        ("", "entry: nothing is ever entered"),
        (
            "[entry]\nlong_filters = [\"close > 1\"]\nshort = \"close > 1\"",
            "entry.long_filters: there is no entry.long",
        ),
        ("[entry]\nlong = \"close\"", "entry.long: it is a number, and a condition is wanted"),
        (
            "[entry]\nlong = \"close > 1\"\nstrength = \"close > 1\"",
            "entry.strength: it is a condition, and a number is wanted",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[entry.order.limit]\nshort = \"low\"",
            "entry.order.limit.long: entry.long is ordered by a limit, and there is no price",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[entry.order.limit]\nlong = \"low\"\nbars = 0",
            "entry.order.bars: at the defaults, 0 is out of range",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[entry.order.limit]\nlong = \"low\"\nbars = \"close\"",
            "`close` is not of parameters alone",
        ),
        ("[entry]\nlong = \"close > 1\"\n[[exits]]\nopposite_signal = {}", "there is no opposite signal"),
        (
            "[entry]\nlong = \"close > 1\"\n[[exits]]\nwhen = \"close > 1\"\nside = \"short\"",
            "exits[0].side: it is for a side that is never entered",
        ),
        (
            "[sizing]\ntarget_weight = { weight = \"1\" }\nlot = 1",
            "sizing.lot: weights are held in any number of units; leave it out, or hold units",
        ),
        (
            "[sizing]\ntarget_weight = { weight = \"1\" }\nmin_units = 5.0",
            "sizing.min_units: weights are held in any number of units",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[sizing]\nlot = 100\n[execution]\nholding = \"weights\"",
            "sizing.lot: weights are held in any number of units",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[sizing]\nmin_units = \"2 * 3\"\n[execution]\nholding = \"weights_free\"",
            "sizing.min_units: weights are held in any number of units",
        ),
        ("[entry]\nlong = \"close > 1\"\n[sizing]\nlot = -1", "sizing.lot: at the defaults, -1 is out of range"),
        (
            "[entry]\nlong = \"close > 1\"\n[sizing]\nlimit_frac = nan",
            "sizing.limit_frac: at the defaults, NaN is out of range",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[sizing]\ntarget_weight = { weight = \"1\" }",
            "entry.long: a target weight says in every row what is held",
        ),
        ("[entry]\nlong = \"close > 1\"\n[execution]\ncapital = 0", "execution.capital: 0 is out of range"),
        (
            "[entry]\nlong = \"close > 1\"\n[execution]\nfill = { at = \"open\", delay = 0 }",
            "execution.fill: the open of a bar is past",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[session.blackout]\nevents = []",
            "session.blackout.events: no event is named",
        ),
        (
            "[entry]\nlong = \"close > 1\"\n[session.blackout]\nevents = [\"fomc\", \"cpii\"]",
            "session.blackout.events[1]: the calendar of events has no `cpii`; it has `cpi` and `fomc`",
        ),
        ("[entry]\nlong = \"close > 1\"\n[costs]\nspread_frac = 2", "costs.spread_frac: it is out of range"),
        (
            "[series]\na = \"b + 1\"\nb = \"c\"\nc = \"a * 2\"\n[entry]\nlong = \"a > 1\"",
            "it needs itself: a -> b -> c -> a",
        ),
        (
            "[series]\nequity = \"close\"\n[entry]\nlong = \"equity > 1\"",
            "series.equity: `equity` is a word of the language",
        ),
        ("[series]\nclose = \"open\"\n[entry]\nlong = \"close > 1\"", "series.close: there is a column of that name"),
        (
            "[params.periods_per_year]\ndefault = 1\nkind = { int = { min = 1, max = 2 } }\n[entry]\nlong = \"close > 1\"",
            "params.periods_per_year: the name is taken",
        ),
        (
            "[params.\"a b\"]\ndefault = 1\nkind = { int = { min = 1, max = 2 } }\n[entry]\nlong = \"close > 1\"",
            "it is no name",
        ),
        (
            "[params.a]\ndefault = 5\nkind = { int = { min = 1, max = 2 } }\n[entry]\nlong = \"close > 1\"",
            "params.a: parameter a: 5 is not allowed",
        ),
    ];
    for (lines, expected) in cases {
        let text = error(lines);
        assert!(text.contains(expected), "{lines}\n{text}");
    }
    assert!(read(both).is_ok());
    let version = |text: &str| StrategySpec::from_toml(text).unwrap_err().to_string();
    assert_eq!(version("version = 2\nwhat = 3"), "version: 2 is not known; give 1");
    assert_eq!(version("name = \"x\""), "version: it is missing; begin with `version = 1`");
    assert_eq!(StrategySpec::from_json("{\"version\":7}").unwrap_err().to_string(), "version: 7 is not known; give 1");
    assert!(version("version = 1\nname =").contains("TOML"));
    let spec = read(both).unwrap();
    for per_year in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(spec.compile(&schema(), per_year, None).unwrap_err().to_string().starts_with("periods_per_year"));
    }
}

#[test]
fn discovery_is_pinned_and_research_is_free() {
    let pinned = |lines: &str| error(&format!("profile = \"discovery\"\n{LONG_ONLY}\n{lines}"));
    assert_eq!(
        pinned("[execution]\nfill = \"next_open\""),
        "execution.fill: the profile discovery pins it to signal_close; leave it out, or take `profile = \"research\"`"
    );
    assert!(
        pinned("[execution]\ncapital = 20000").starts_with("execution.capital: the profile discovery pins it to 10000")
    );
    assert!(pinned("[execution]\nleverage = 2").starts_with("execution.leverage"));
    assert!(pinned("[execution]\nholding = \"weights\"").starts_with("execution.holding"));
    assert!(pinned("[costs]\nspread_frac = 0.0002").starts_with("costs: the profile discovery pins it"));
    let plan = plan(&format!(
        "profile = \"discovery\"\n{LONG_ONLY}\n[execution]\ncapital = 10000\n[costs]\nspread_frac = 0.0003"
    ));
    assert_eq!((plan.execution.fill, plan.execution.capital), (FillTiming::SIGNAL_CLOSE, 10_000.0));
    assert_eq!((plan.costs.spread_frac, plan.spread_multiplier), (0.0003, None));
    let written = read(&format!("profile = \"discovery\"\n{LONG_ONLY}")).unwrap().with_defaults_written().unwrap();
    assert_eq!((written.profile, written.check().is_ok()), (Profile::Discovery, true));
    let quant = strategies::by_name("StochRSINextOpen").unwrap();
    let seeds = quant.under(Profile::Discovery).compile(&schema(), PER_YEAR, None).unwrap();
    assert_eq!(seeds.execution.fill, FillTiming::SIGNAL_CLOSE);
    assert_eq!(quant.under(Profile::Research), quant);
}

#[test]
fn spreads_widen_with_volatility_as_the_model_says() {
    let lines = format!(
        "{LONG_ONLY}\n[costs]\nspread_frac = 0.001\ncrisis = {{ calm_annual = 2, slope = 1.5, cap = 15, period = 2 }}"
    );
    let plan = plan(&lines);
    // Volatilities of two logarithmic returns: none yet, none, then 0.0953102 and its opposite, and 0 and ln 8 after that.
    let rows = bars(&[100.0, 110.0, 100.0, 100.0, 800.0]);
    let v = values(&plan, &rows, plan.spread_multiplier.unwrap());
    assert!(v[0].is_nan() && v[1].is_nan());
    // 10.910414 a year is 5.455 times calm: exp(1.5 * 4.455) is far above 15.
    assert_eq!((v[2], v[4]), (15.0, 15.0));
    // (-0.0953102, 0) deviates by 0.0673945, 5.455207 a year: exp(1.5 * 1.7276036) = 13.3434...
    let expected = (1.5_f64 * (5.455_207 / 2.0 - 1.0)).exp();
    assert!((v[3] - expected).abs() < 1e-4, "{} {expected}", v[3]);
    let calm = crate::support::plan(&lines.replace("calm_annual = 2", "calm_annual = 20"));
    assert_eq!(values(&calm, &rows, calm.spread_multiplier.unwrap())[2], 1.0, "it never narrows");
}

#[test]
fn a_column_that_the_data_lack_is_an_error_of_the_field_that_reads_it() {
    let spec = strategies::by_name("DonchianBreakout").unwrap();
    let text = spec.compile(&Schema::new(["open", "close"]), PER_YEAR, None).unwrap_err().to_string();
    assert!(text.starts_with("entry.long.donchian_breakout_long:\nno column is named `high`"), "{text}");
}

#[test]
fn series_that_double_end_in_an_error() {
    let mut lines = String::from("[series]\ns0 = \"close + close\"\n");
    (1..40).for_each(|i| lines.push_str(&format!("s{i} = \"s{} + s{}\"\n", i - 1, i - 1)));
    lines.push_str("[entry]\nlong = \"s39 > 1\"");
    assert!(error(&lines).contains("parts once series and blocks are put in"));
    // A chain may be long.
    let mut lines = String::from("[series]\ns0 = \"close\"\n");
    (1..3000).for_each(|i| lines.push_str(&format!("s{i} = \"s{}\"\n", i - 1)));
    lines.push_str("[entry]\nlong = \"s2999 > 1\"");
    assert_eq!(ids(&lines), ids("[entry]\nlong = \"close > 1\""));
}

#[test]
fn the_example_of_the_document_is_what_it_says() {
    let document = include_str!("../../../../docs/strategies.md");
    let example = document.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let spec = StrategySpec::from_toml(example).unwrap();
    let grid = PointTable::grid(spec.params(), 1000).unwrap();
    let plan = spec.compile(&schema(), PER_YEAR, Some(&grid)).unwrap();
    assert_eq!((grid.len(), plan.programs.iter().filter(|p| p.is_ok()).count()), (240, 234));
    let steps = plan.compiled.plan().to_string();
    let n = |call: &str| steps.lines().filter(|l| l.contains(&format!("= {call}("))).count();
    // A fast average over 50 bars is the slow one over 50.
    assert_eq!((n("sma"), n("stochrsi"), n("atr")), (10 + 4 - 1, 1, 1));
}

#[test]
fn words_can_be_parameters_and_other_timeframes_and_symbols_be_read() {
    let calendar = Calendar::us_equities();
    let schema = schema().bars("15m".parse().unwrap(), calendar).with_symbols(["SPY"]);
    let lines = "[params.timeframe]\ndefault = \"1h\"\nkind = { choice = { options = [\"1h\", \"2h\", \"7m\"] } }\n\
                 [series]\nslow = \"tf($timeframe, sma(close, 5))\"\n\
                 [entry]\nlong = \"close > slow and sym(\\\"SPY\\\", close) > 0\"";
    let spec = read(lines).unwrap();
    let points = PointTable::grid(spec.params(), 10).unwrap();
    let plan = spec.compile(&schema, PER_YEAR, Some(&points)).unwrap();
    let [Ok(hour), Ok(two), Err(odd)] = &plan.programs[..] else { panic!("{:?}", plan.programs) };
    assert_ne!(hour.entry, two.entry);
    assert!(odd.starts_with("invalid_point: entry.long: "), "{odd}");
    // A timeframe is structure, unless it is a parameter.
    let fixed = |tf: &str| ids(&format!("[entry]\nlong = \"close > tf(\\\"{tf}\\\", close)\"")).1;
    assert_ne!(fixed("1h"), fixed("2h"));
}

#[test]
fn many_filters_and_deep_conditions_are_one_expression() {
    let many = (0..400).map(|i| format!("\"close > {i}\"")).collect::<Vec<_>>().join(", ");
    let text = plan(&format!("filters = [{many}]\n{LONG_ONLY}"));
    assert_eq!(values(&text, &bars(&[399.0, 400.0]), program(&text).entry[LONG].unwrap()), [0.0, 1.0]);
    let mut condition = qe_engine::spec::Condition::from("close > 1");
    for _ in 0..60 {
        condition = qe_engine::spec::Condition::All(vec![condition]);
    }
    let mut spec = read(LONG_ONLY).unwrap();
    spec.entry.long = Some(condition);
    assert!(spec.check().unwrap_err().to_string().contains("nested more than 50 deep"));
}

/// Texts that are nearly specifications.
fn mutated() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = strategies::names().collect();
    let texts: Vec<&'static str> = names.iter().map(|n| strategies::text(n).unwrap()).chain([V1]).collect();
    let pieces = prop::sample::select(vec![
        "",
        "$",
        "\"",
        "{",
        "}",
        "[",
        "]",
        "=",
        "0",
        "-1",
        "1e308",
        "nan",
        "inf",
        "close",
        "[[exits]]\n",
        "all",
        "any",
        "atr_stop",
        "pos.bars",
        "equity",
        "version = 1",
        "$oversold",
        "true",
        "(",
        ")",
        ",",
        "\n",
        "#",
        "é",
        "\u{0}",
        "when = \"close > 1\"\n",
        "9223372036854775807",
        "max_since_entry(",
        "[entry]\n",
        "x = 3\n",
        "'''",
    ]);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, pieces), 1..6);
    (prop::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut text = text.to_owned();
        for (at, n_cut, piece) in edits {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((start + n_cut).min(text.len()));
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_json_does_harm(text in mutated(), at in any::<prop::sample::Index>(), piece in "[\\[\\]{}\",:0-9a-z$]{0,3}") {
        let Ok(spec) = StrategySpec::from_toml(&text) else { return Ok(()) };
        let mut json = spec.to_json().unwrap();
        let at = json.floor_char_boundary(at.index(json.len()));
        json.insert_str(at, &piece);
        if let Ok(spec) = StrategySpec::from_json(&json) {
            let plan = spec.compile(&schema(), PER_YEAR, None);
            prop_assert!(plan.is_err() || spec.spec_id().is_ok());
        }
    }

    #[test]
    fn no_text_does_harm(text in mutated()) {
        let Ok(spec) = StrategySpec::from_toml(&text) else { return Ok(()) };
        let plan = spec.compile(&schema(), PER_YEAR, None);
        let written = spec.with_defaults_written();
        if plan.is_ok() {
            let written = written.unwrap();
            prop_assert_eq!(written.spec_id().unwrap(), spec.spec_id().unwrap());
            prop_assert_eq!(written.skeleton_id().unwrap(), spec.skeleton_id().unwrap());
            let json = StrategySpec::from_json(&spec.to_json().unwrap());
            prop_assert_eq!(json.unwrap().spec_id().unwrap(), spec.spec_id().unwrap());
        }
    }
}
