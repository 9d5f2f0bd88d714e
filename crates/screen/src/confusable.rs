//! Letters of other scripts that look like Latin ones: the part of Unicode's confusables (UTS 39) that real attacks use.
//! Whether folding is right is decided by the caller: a Russian word must never be read as Latin.

/// The lower-case Latin letter that `letter` looks like.
pub(crate) fn latin(letter: char) -> Option<char> {
    Some(match letter {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' => 'a',
        'в' | 'В' | 'Β' | 'β' | 'Ь' | 'ь' => 'b',
        'с' | 'С' | 'ϲ' | 'Ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'ё' | 'Ё' | 'Ε' | 'ε' | 'є' | 'Є' => 'e',
        'ɡ' | 'ց' => 'g',
        'н' | 'Н' | 'Η' | 'һ' | 'Һ' => 'h',
        'і' | 'І' | 'ї' | 'Ї' | 'ι' | 'Ι' | 'ı' | 'ɩ' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' | 'Ӏ' | 'ⅼ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'η' | 'Ν' | 'ո' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' | 'օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'г' | 'ѓ' => 'r',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ѡ' | 'ԝ' | 'ω' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' | 'γ' | 'ү' => 'y',
        'Ζ' | 'ᴢ' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_read_as_latin_and_latin_is_left_alone() {
        assert_eq!("ехаmрlе".chars().map(|c| latin(c).unwrap_or(c)).collect::<String>(), "example");
        assert_eq!(latin('a'), None);
        assert_eq!(latin('ж'), None);
    }
}
