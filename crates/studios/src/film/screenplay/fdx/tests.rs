//! Rules of reading Final Draft.
