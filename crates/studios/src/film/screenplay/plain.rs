//! stub
pub(super) fn indent(line: &str) -> usize { line.len() - line.trim_start().len() }
