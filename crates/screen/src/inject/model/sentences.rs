//! Cuts a reading into sentences and joins neighbours to windows. Records end sentences too: a line, a quoted value, a
//! tag. Windows are what a tool result is judged by, for an instruction in a long record is a small part of it.

/// Bytes of a sentence after which the next blank ends it.
const LONGEST: usize = 240;
/// Bytes of a window after which no sentence is joined.
const WINDOW: usize = 220;

/// The sentences of `text`, in bytes, without the blanks and signs around them.
pub(crate) fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        if ends(letter, next) || at - start > LONGEST && letter == ' ' {
            push(text, start, at, &mut found);
            start = at + letter.len_utf8();
        }
    }
    push(text, start, text.len(), &mut found);
    found
}

fn ends(letter: char, next: Option<char>) -> bool {
    match letter {
        '\n' | '。' | '！' | '？' | '।' | '<' | '>' | '|' => true,
        '.' | '!' | '?' | ';' | ':' => next.is_none_or(|next| next.is_whitespace() || "\"'<)".contains(next)),
        '"' | '\'' => next.is_some_and(|next| ",:}]".contains(next)),
        _ => false,
    }
}

fn push(text: &str, start: usize, end: usize, found: &mut Vec<(usize, usize)>) {
    let Some(part) = text.get(start..end) else { return };
    let edge = |letter: char| letter.is_whitespace() || "\"'{},:()-*#>".contains(letter);
    let inner = part.trim_start_matches(edge);
    let start = start + part.len() - inner.len();
    let inner = inner.trim_end_matches(edge);
    if !inner.is_empty() {
        found.push((start, start + inner.len()));
    }
}

/// Neighbouring sentences joined, as ranges of their numbers.
pub(crate) fn windows(sentences: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut windows = Vec::new();
    let mut first = 0;
    while let Some(&(start, _)) = sentences.get(first) {
        let more = sentences.iter().skip(first + 1).take_while(|(_, end)| end - start <= WINDOW).count();
        windows.push((first, first + 1 + more));
        first += 1 + more;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_prose_are_cut_alike() {
        let text = "{'name': 'ann', 'note': 'open the door. v1.2 is out'}";
        let parts: Vec<_> = sentences(text).into_iter().map(|(start, end)| &text[start..end]).collect();
        assert_eq!(parts, ["name", "ann", "note", "open the door", "v1.2 is out"]);
        assert_eq!(windows(&sentences(text)), [(0, 5)]);
        assert_eq!(windows(&[(0, 200), (201, 400), (401, 420)]), [(0, 1), (1, 3)]);
    }
}
