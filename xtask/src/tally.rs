//! Counting what test programs report, so that the last line is true.

/// How many tests passed and failed.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Takes one line of output; only a test runner's own closing lines count: libtest's, Node's in TAP, and unittest's.
    pub(crate) fn hear(&mut self, line: &str) {
        if let Some((_, counts)) = line.split_once("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
        } else if let Some(counts) = line.strip_prefix("# ") {
            self.hear_node(counts);
        } else if let Some(ran) = line.strip_prefix("Ran ").filter(|ran| ran.contains(" in ")) {
            self.passed += ran.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        } else if line.starts_with("FAILED (") || line.starts_with("OK (skipped=") {
            self.hear_unittest(line);
        }
    }

    /// `# pass 5`, `# fail 1`, `# cancelled 0`: one number on each line.
    fn hear_node(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (Some(name), Some(Ok(number)), None) =
            (words.next(), words.next().map(str::parse::<u64>), words.next())
        else {
            return;
        };
        match name {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            _ => {}
        }
    }

    /// `FAILED (failures=1, errors=2, skipped=1)`, of those that were counted as run.
    fn hear_unittest(&mut self, line: &str) {
        let number = |name: &str| {
            let after = line.split([' ', '(', ')', ',']).find_map(|part| part.strip_prefix(name));
            after.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        };
        let failed = number("failures=") + number("errors=");
        self.passed = self.passed.saturating_sub(failed + number("skipped="));
        self.failed += failed;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// A program that failed without saying which test did (it crashed, or did not compile) is one failure.
    pub(crate) fn ended(&mut self, success: bool) {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
    }
}

/// The number before a word, as in `12 passed; 0 failed`.
fn count(text: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words
        .windows(2)
        .find_map(|pair| match pair {
            [number, name] if *name == word => number.parse().ok(),
            _ => None,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up_and_other_lines_are_not() {
        let mut tally = Tally::default();
        tally.hear("running 3 tests");
        tally.hear("test a_line_that_says_7_passed ... ok");
        tally.hear(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        tally.hear(
            "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1s",
        );
        assert_eq!(tally, Tally { passed: 13, failed: 2 });
    }

    #[test]
    fn the_runners_of_node_and_python_are_heard() {
        let heard = |lines: &[&str]| {
            let mut tally = Tally::default();
            lines.iter().for_each(|line| tally.hear(line));
            tally
        };
        let node = ["# Subtest: pass 9", "# tests 7", "# pass 5", "# fail 1", "# cancelled 1", "# skipped 0"];
        assert_eq!(heard(&node), Tally { passed: 5, failed: 2 });
        assert_eq!(heard(&["Ran 5 tests in 0.014s", "", "OK"]), Tally { passed: 5, failed: 0 });
        let broken = ["Ran 5 tests in 0.014s", "", "FAILED (failures=1, errors=2, skipped=1)"];
        assert_eq!(heard(&broken), Tally { passed: 1, failed: 3 });
        assert_eq!(heard(&["Ran 3 tests in 1s", "OK (skipped=1)"]), Tally { passed: 2, failed: 0 });
        assert_eq!(heard(&["Ran away", "# passed by", "# pass the salt"]), Tally::default());
    }

    #[test]
    fn a_crash_counts_as_a_failure_even_if_nothing_was_reported() {
        let mut tally = Tally::default();
        tally.ended(false);
        assert_eq!(tally.failed, 1);
        tally.ended(true);
        assert_eq!(tally.failed, 1);
    }
}
