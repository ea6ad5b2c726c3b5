//! What each constraint accepts and rejects.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use stepup_runtime::constraint::*;
use stepup_runtime::Secret;

fn meets<T>(value: T, constraint: &dyn Constraint<T>) -> bool {
    all(&value, &[constraint]).is_ok()
}

fn text(value: &str, constraint: &dyn Constraint<String>) -> bool {
    meets(value.to_owned(), constraint)
}

#[test]
fn lengths_are_in_code_points() {
    assert!(text("😀😀", &MinLength(2)) && text("😀😀", &MaxLength(2)));
    assert!(!text("😀", &MinLength(2)) && !text("😀😀😀", &MaxLength(2)));
    assert!(text("a", &NotEmpty) && !text("", &NotEmpty));
}

#[test]
fn patterns_are_searched_and_the_end_is_the_very_end() {
    let pattern = Pattern("^[a-c]+(-|$)");
    assert!(text("abc", &pattern) && text("a-x", &pattern));
    assert!(!text("abx", &pattern) && !text("abc\n", &pattern));
    // A pattern that cannot be read fails closed.
    assert!(!text("a", &Pattern("(")));
}

#[test]
fn dates_exist_and_times_have_an_offset() {
    for good in ["2024-02-29", "2000-02-29", "2026-12-31"] {
        assert!(text(good, &Date), "{good}");
    }
    for bad in [
        "2026-02-29",
        "1900-02-29",
        "2026-2-28",
        "2026-00-10",
        "2026-04-31",
        "+026-01-01",
        "",
    ] {
        assert!(!text(bad, &Date), "{bad}");
    }
    for good in [
        "2026-02-28T23:59:59Z",
        "2024-02-29t00:00:00.25+01:30",
        "2026-06-30T23:59:60-00:00",
    ] {
        assert!(text(good, &DateTime), "{good}");
    }
    for bad in [
        "2026-02-28",
        "2026-02-28T24:00:00Z",
        "2026-02-28T10:00:00",
        "2026-02-28T10:00:00.Z",
        "2026-02-28 10:00:00Z",
        "2026-02-28T10:00:00+24:00",
        "2026-02-2éT10:00:00Z",
    ] {
        assert!(!text(bad, &DateTime), "{bad}");
    }
}

#[test]
fn bounds_and_multiples_of_numbers() {
    assert!(meets(2, &Minimum(2_i64)) && !meets(1, &Minimum(2_i64)));
    assert!(meets(9, &Maximum(9_i64)) && !meets(10, &Maximum(9_i64)));
    assert!(meets(0.5, &Minimum(0.5)) && !meets(f64::NAN, &Minimum(0.5)));
    assert!(meets(0.5, &Maximum(0.5)) && !meets(0.6, &Maximum(0.5)));
    assert!(meets(0.1, &ExclusiveMinimum(0.0)) && !meets(0.0, &ExclusiveMinimum(0.0)));
    assert!(meets(8.9, &ExclusiveMaximum(9.0)) && !meets(9.0, &ExclusiveMaximum(9.0)));
    assert!(meets(-10, &MultipleOf(5)) && !meets(12, &MultipleOf(5)));
    assert!(!meets(1, &MultipleOf(0)));
}

#[test]
fn arrays_and_maps_and_what_is_in_them() {
    assert!(meets(vec![1], &MinItems(1)) && !meets(Vec::<i64>::new(), &MinItems(1)));
    assert!(meets(vec![1], &MaxItems(1)) && !meets(vec![1, 2], &MaxItems(1)));
    assert!(!meets(Vec::<i64>::new(), &NotEmpty));
    assert!(meets(vec![1, 2], &UniqueItems) && !meets(vec![1, 2, 1], &UniqueItems));
    let map = BTreeMap::from([("a".to_owned(), 1_i64)]);
    assert!(meets(map.clone(), &MinProperties(1)) && !meets(map.clone(), &MinProperties(2)));
    assert!(meets(map.clone(), &MaxProperties(1)) && !meets(map.clone(), &MaxProperties(0)));
    let error = all(&map, &[&Values(Minimum(2_i64))]).unwrap_err();
    assert_eq!(error.to_string(), "*: expected at least 2");
    let error = all(&vec![3, 1], &[&Items(Minimum(2_i64))]).unwrap_err();
    assert_eq!(error.to_string(), "1: expected at least 2");
}

#[test]
fn closed_lists_and_constants() {
    assert!(text("a", &OneOf(&["a", "b"])) && !text("c", &OneOf(&["a", "b"])));
    assert!(
        meets(1, &OneOf(&[1_i64])) && !meets(2, &OneOf(&[1_i64])) && !meets(1, &OneOf::<i64>(&[]))
    );
    assert!(text("a", &Const("a")) && !text("A", &Const("a")));
    assert!(meets(true, &Const(true)) && !meets(false, &Const(true)));
    assert!(meets(1, &Const(1_i64)) && !meets(0, &Const(1_i64)));
    assert!(meets(0.5, &Const(0.5)) && !meets(0.0, &Const(0.5)));
    assert!(
        meets(serde_json::Value::Null, &Const(()))
            && !meets(serde_json::Value::from(false), &Const(()))
    );
}

#[test]
fn null_meets_everything_and_a_secret_is_checked_but_not_shown() {
    assert!(meets(None::<i64>, &Minimum(2_i64)) && !meets(Some(1), &Minimum(2_i64)));
    let error = all(&Secret::from("canary"), &[&MaxLength(2)]).unwrap_err();
    assert_eq!(error.to_string(), "expected a length of at most 2");
    let id = uuid::Uuid::nil();
    assert!(meets(id, &Written(Pattern("^0"))) && !meets(id, &Written(Pattern("^1"))));
}
