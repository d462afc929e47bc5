//! The calculator: what models are bad at.

use serde_json::{Value, json};

/// The longest expression, in characters.
const LONGEST: usize = 300;

pub(super) fn describe() -> (&'static str, Value) {
    let description = "Calculates with numbers: + - * / % ^, brackets, sqrt, abs, floor, ceil, round, min, max, sin, cos, ln, \
        exp, π, e. Use it for every sum.";
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["expression"],
        "properties": { "expression": { "type": "string", "minLength": 1, "maxLength": LONGEST } },
    });
    (description, arguments)
}

/// The value of an expression.
pub(super) fn calculate(expression: &str) -> Result<f64, String> {
    if expression.chars().count() > LONGEST {
        return Err(format!("The expression is longer than {LONGEST} characters."));
    }
    let value =
        exmex::eval_str::<f64>(expression).map_err(|error| format!("That cannot be calculated: {error}"))?;
    if value.is_finite() { Ok(value) } else { Err("That is no number.".into()) }
}
