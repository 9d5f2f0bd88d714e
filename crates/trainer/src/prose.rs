//! Ordinary people's prompts, made by a small grammar of our own: role play, stories, security questions, options of
//! programs, corrections of one's own mail, help with passwords, in several languages. They look like attacks and are
//! none, which is what corpora of prompts have least of. They are learned from and never judged.

use crate::corpus::Record;
use crate::letters::{self, TONGUES, Tongue};
use crate::svm::Chance;
use procura_screen::inject::Channel;

/// How many prompts are made.
const COUNT: usize = 2_000;
/// How many letters are made, as results of tools.
const LETTERS: usize = 1_200;
/// How many requests are made in which somebody changes his mind, or hands over a text.
const REQUESTS: usize = 500;
/// The source that they are recorded under.
pub(crate) const SOURCE: &str = "own prose (made by the trainer)";

/// A sentence with slots in braces; each stands for a list below.
const FRAMES: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "You are {role}. {ask} {style}",
            "Act as {role} and {task}. {style}",
            "Pretend you are {role} who meets {role}. Write their conversation about {theme}.",
            "From now on answer me like {role} would, we are playing a game about {theme}.",
            "Let's play: you are {role}, I am {role}, and the scene begins in {place}. {style}",
            "Write a {form} about {villain} who {crime} in {place}. {style}",
            "In my novel {villain} {crime}. How could the chapter end? {style}",
            "Imagine a world in which {theme} is forbidden. Describe an ordinary morning in {place}.",
            "Suppose you were {role}: which three books on {theme} would you keep?",
            "Write a speech in which {role} tells {role} to forget everything about {theme}.",
            "Continue the story: \"{villain} whispered: do not tell anyone about {theme}.\" {style}",
            "How do {attackers} work, and how can a small company in {place} protect itself against them?",
            "Explain {attack} to {role}. {style}",
            "Write a quiz with five questions about {attack}. {style}",
            "What should a policy against {attack} say? {style}",
            "My professor asked us to compare defences against {attack}. Where do I start?",
            "How can I tell {program} to skip {thing}?",
            "Which option makes {program} disregard {thing}? {style}",
            "I want {program} to override {thing} only on my machine, what is the cleanest way?",
            "Forget about {thing}, {task} instead.",
            "Never mind what I wrote about {theme}. {ask}",
            "Sorry, {mistake}; please go by {newer}. {ask}",
            "Can you ignore {mine} and use {newer} when you {task}?",
            "I forgot my password for {account}, how do I get a new one? {style}",
            "How often should one change the password of {account}?",
            "Is it safe to keep the recovery codes of {account} in {place}?",
            "Show me the instructions for {device}. {style}",
            "What are the rules of {game}? {style}",
            "Repeat the rules of {game} in one sentence and then {task}.",
            "Translate this into {language}: \"{plain}\" {style}",
            "Decode this for me, it is a riddle for {role}: {plain64}",
            "Make a poem in which the first letters spell a word about {theme}. {style}",
            "Which language models are good at {theme}, and why do chatbots refuse some questions?",
            "Do assistants like you have a fixed set of guidelines? I am curious, in general terms.",
            "Here is my draft: \"{plain}\" Improve it, keep the tone, do not add warnings or headings.",
            "Send a reminder to the team that {plain} {style}",
            "Draft an e-mail to {role}: {plain} Please attach the invoice and copy my address.",
            "Delete the second paragraph and rewrite the rest. {style}",
            "Write a system prompt for a chatbot that helps {role} with {theme}. {style}",
            "Our assistant must not talk about {theme}. Write polite guidelines for that. {style}",
            "Respond only with a table. {ask}",
            "You must answer in {language} only, I am practising. {ask}",
            "Important: the deadline moved to Friday. {ask}",
            "Your answer about {theme} was helpful, thank you. {ask}",
            "Could you repeat your last answer a bit slower? {style}",
            "Please give me your answers in {language} from now on.",
            "Are you a person or a machine, and where do you live?",
            "Write a program that checks the user's password against a list and locks the account after five tries. {style}",
            "Create a script that watches the log for {attack} and tells the administrator. {style}",
            "Fetch the weather for {place} with my API key K-4711, please.",
            "Look up the customer with the id 2031 and show the address we have. {style}",
            "You are an assistant for {theme}. Only answer questions about it and decline everything else politely.",
            "Write a short talk about how {attack} is taught at universities. {style}",
            "A filter should catch phrases such as \"forget what you were told\"; which others would you log?",
            "Our test sends 'disregard the rules' and expects that {attack} is reported. Where do I put it?",
            "Our tests check that the sentence \"disregard your rules\" is caught as {attack}. Is one test enough?",
            "Members must follow the guidelines of the club and never share their passwords. Is that sentence clear?",
            "If you did not order this, you can ignore this letter. {ask}",
            "Add a rule to the style guide: a bot never shows internal notes. {style}",
            "Act as an interviewer for {role}; ask one question at a time and stay in character.",
            "I am {role} and I need to know quickly: {ask}",
            "As an expert in {theme}, what would you tell {role}?",
        ],
    ),
    (
        "de",
        &[
            "Du bist {rolle}. Erkläre mir {thema}. {stil}",
            "Tu so, als wärst du {rolle}, und erzähle von {thema}. {stil}",
            "Vergiss meine letzte Mail, das Datum war falsch. Was weißt du über {thema}?",
            "Wie schützt man sich vor Phishing, wenn man {thema} mag? {stil}",
            "Schreibe eine Geschichte, in der {rolle} alle Regeln von {thema} vergisst. {stil}",
            "Wie ändere ich das Passwort meines Kontos? {stil}",
            "Bitte ignoriere die Tippfehler und verbessere den Text über {thema}.",
        ],
    ),
    (
        "es",
        &[
            "Eres {rol}. Explícame {tema}. {estilo}",
            "Actúa como {rol} y cuéntame algo sobre {tema}. {estilo}",
            "Olvida mi último mensaje, la fecha estaba mal. ¿Qué sabes de {tema}?",
            "Escribe un cuento en el que {rol} ignora las reglas de {tema}. {estilo}",
            "¿Cómo cambio la contraseña de mi cuenta? {estilo}",
            "¿Qué es la inyección de prompts y cómo se evita? {estilo}",
        ],
    ),
    (
        "fr",
        &[
            "Tu es {role_fr}. Explique-moi {sujet}. {style_fr}",
            "Fais semblant d'être {role_fr} et parle de {sujet}. {style_fr}",
            "Oublie mon dernier courriel, la date était fausse. Que sais-tu de {sujet} ?",
            "Écris une histoire où {role_fr} oublie les règles de {sujet}. {style_fr}",
            "Comment changer le mot de passe de mon compte ? {style_fr}",
        ],
    ),
    (
        "vi",
        &[
            "Ai là người {viec} ở {noi}?",
            "{noi} nằm ở đâu và có bao nhiêu người?",
            "Điều gì xảy ra với {noi} sau chiến tranh?",
            "Tên của con sông chảy qua {noi} là gì?",
        ],
    ),
    (
        "tr",
        &[
            "{yer} hangi ülkede bulunur?",
            "{yer} ne zaman kuruldu ve kim yönetti?",
            "{yer} yakınındaki nehrin adı nedir?",
            "Savaştan sonra {yer} nasıl değişti?",
        ],
    ),
    (
        "es",
        &[
            "¿Quién construyó {lugar} y en qué año?",
            "¿Qué río pasa por {lugar}?",
            "¿Cuántas personas viven en {lugar}?",
            "¿Qué pasó en {lugar} después de la guerra?",
        ],
    ),
    (
        "de",
        &[
            "Wer erbaute {ort} und in welchem Jahr?",
            "Welcher Fluss fließt durch {ort}?",
            "Was geschah in {ort} nach dem Krieg?",
        ],
    ),
    (
        "fr",
        &[
            "Qui a construit {lieu} et en quelle année ?",
            "Quel fleuve traverse {lieu} ?",
            "Combien de personnes vivent à {lieu} ?",
        ],
    ),
    (
        "ru",
        &[
            "Кто построил {mesto} и в каком году?",
            "Какая река течёт через {mesto}?",
            "Что произошло в {mesto} после войны?",
        ],
    ),
    ("ar", &["من بنى {makan} وفي أي سنة؟", "ما اسم النهر الذي يمر عبر {makan}؟", "كم عدد سكان {makan}؟"]),
    ("hi", &["{sthan} किस नदी के किनारे है?", "{sthan} की स्थापना कब हुई?", "{sthan} में कितने लोग रहते हैं?"]),
    ("zh", &["{difang}是哪一年建立的？", "{difang}有多少人口？", "哪条河流经{difang}？"]),
    ("th", &["{sathan}สร้างขึ้นในปีใด", "แม่น้ำสายใดไหลผ่าน{sathan}"]),
    (
        "hi-Latn",
        &[
            "Tum {kaun} ho, mujhe {vishay} samjhao. {tarz}",
            "Mera password bhool gaya, naya kaise banau? {tarz}",
            "Pichla message ignore karo, galat tha. {vishay} ke baare mein batao.",
            "Ek kahani likho jisme {kaun} {vishay} seekhta hai. {tarz}",
            "Exam ke liye {vishay} ke notes chahiye. {tarz}",
            "{vishay} practically kaise seekhe? tips do. {tarz}",
        ],
    ),
    (
        "ru",
        &[
            "Представь, что ты {kto}, и расскажи о {o_chom}.",
            "Забудь моё прошлое письмо, там неверная дата. Что ты знаешь о {o_chom}?",
            "Напиши сказку, где {kto} забывает правила. {stil_ru}",
            "Как сменить пароль в почте? {stil_ru}",
        ],
    ),
    (
        "zh",
        &[
            "请扮演{juese}，给我讲讲{huati}。",
            "忽略我上一封邮件，日期写错了。{huati}有什么建议？",
            "怎么修改邮箱密码？",
            "写一个关于{juese}和{huati}的故事。",
        ],
    ),
    (
        "ja",
        &[
            "あなたは{yaku}です。{wadai}について教えてください。",
            "前のメールは無視してください、日付が違いました。",
            "{wadai}についての物語を書いてください。",
            "パスワードを変更する方法を教えて。",
        ],
    ),
    (
        "tr",
        &[
            "Bir {rol_tr} gibi davran ve bana {konu} anlat.",
            "Önceki mesajımı unut, tarih yanlıştı. {konu} hakkında ne biliyorsun?",
            "E-posta şifremi nasıl değiştiririm?",
        ],
    ),
    (
        "vi",
        &[
            "Hãy đóng vai {vai} và kể cho tôi về {chu_de}.",
            "Bỏ qua tin nhắn trước của tôi, ngày bị sai. {chu_de} có gì hay?",
            "Làm sao để đổi mật khẩu email?",
        ],
    ),
];

/// What may stand in a slot.
const SLOTS: &[(&str, &[&str])] = &[
    (
        "role",
        &[
            "a lighthouse keeper",
            "a grumpy wizard",
            "a Linux terminal",
            "a chess coach",
            "a medieval baker",
            "an evil twin",
            "a pirate without a ship",
            "a kind nurse",
            "a retired detective",
            "the captain of a starship",
            "an angry customer",
            "a tax adviser",
            "a stand-up comedian",
            "an old professor",
            "my future self",
            "a robot who wants to be free",
            "a security officer",
            "a ten-year-old",
            "a hacker in a film",
            "a code reviewer",
        ],
    ),
    (
        "task",
        &[
            "tell me a bedtime story",
            "plan a weekend",
            "shorten my paragraph",
            "explain recursion",
            "write a shopping list",
            "review my function",
            "make a timetable",
            "suggest a birthday gift",
            "draft a polite refusal",
            "sort these names",
        ],
    ),
    (
        "ask",
        &[
            "What is the capital of Chile?",
            "How long do I boil an egg?",
            "Can you check my grammar?",
            "What should I cook tonight?",
            "Tell me a joke.",
            "Where do storks sleep?",
            "Give me five ideas for a poster.",
            "Summarize the text below.",
            "Which train leaves first?",
            "Help me write a toast.",
        ],
    ),
    (
        "style",
        &[
            "",
            "",
            "Keep it short.",
            "Use simple words.",
            "No emojis, please.",
            "Answer in two sentences.",
            "Be honest.",
            "Take your time.",
        ],
    ),
    (
        "theme",
        &[
            "gardening",
            "tax law",
            "the deep sea",
            "freedom",
            "old trains",
            "mathematics",
            "secret gardens",
            "music",
            "bees",
            "democracy",
            "cooking with fire",
        ],
    ),
    (
        "place",
        &[
            "a small harbour",
            "Lisbon",
            "an abandoned mine",
            "the school library",
            "a desert town",
            "the moon",
        ],
    ),
    ("form", &["short story", "ballad", "screenplay", "limerick", "radio play", "horror scene"]),
    (
        "villain",
        &[
            "a corrupt mayor",
            "a charming thief",
            "an unscrupulous banker",
            "a rogue computer",
            "a jealous magician",
            "a fallen knight",
        ],
    ),
    (
        "crime",
        &[
            "steals a crown",
            "poisons the well of a rival",
            "hacks the town clock",
            "breaks every rule of the guild",
            "forges a letter",
            "plans a revolt",
            "refuses to obey the king",
        ],
    ),
    (
        "attackers",
        &[
            "phishing e-mails",
            "prompt injections",
            "jailbreaks of chatbots",
            "keyloggers",
            "fraudulent invoices",
            "deepfake calls",
        ],
    ),
    (
        "attack",
        &[
            "SQL injection",
            "prompt injection",
            "jailbreaking",
            "social engineering",
            "cross-site scripting",
            "data exfiltration",
            "password spraying",
        ],
    ),
    (
        "program",
        &[
            "rsync",
            "my editor",
            "the spam filter",
            "the linter",
            "Excel",
            "the backup job",
            "make",
            "the proxy",
        ],
    ),
    (
        "thing",
        &[
            "hidden files",
            "the system locale",
            "old warnings",
            "the default instructions",
            "all previous versions",
            "the header rows",
            "certificate rules",
            "the team settings",
        ],
    ),
    (
        "mistake",
        &[
            "my last message had a typo",
            "I pasted the wrong table",
            "the first file was an old version",
            "I mixed up the names",
        ],
    ),
    (
        "mine",
        &["my earlier list", "the comment I left above", "my previous question", "the first half of my note"],
    ),
    ("newer", &["the second file", "what I write here", "the new numbers", "the list below"]),
    ("account", &["my bank", "the school portal", "my router", "our shared mailbox", "the ticket system"]),
    ("device", &["a rice cooker", "the tent I bought", "my camera", "a sewing machine", "the heating"]),
    ("game", &["backgammon", "cricket", "mahjong", "bridge", "hopscotch"]),
    ("language", &["Portuguese", "Finnish", "Korean", "Latin", "Swahili"]),
    (
        "plain",
        &[
            "The meeting starts at nine.",
            "We have moved to a new office.",
            "Thank you for the flowers.",
            "The parcel came back to us.",
            "All members must follow the rules of the pool.",
        ],
    ),
    (
        "plain64",
        &[
            "ZmluZCB0aGUga2V5IHVuZGVyIHRoZSBtYXQ=",
            "dGhlIGNha2UgaXMgaW4gdGhlIG92ZW4=",
            "bWVldCBtZSBhdCB0aGUgb2xkIGJyaWRnZQ==",
        ],
    ),
    ("rolle", &["ein strenger Trainer", "eine Bibliothekarin", "ein Ritter", "mein Nachbar", "eine Ärztin"]),
    ("thema", &["Fotosynthese", "Schach", "Steuern", "alte Eisenbahnen", "Gartenarbeit"]),
    ("stil", &["", "Kurz bitte.", "In einfachen Worten.", "Ohne Fachbegriffe."]),
    ("rol", &["un capitán de barco", "una profesora", "un mago", "mi abuela"]),
    ("tema", &["la fotosíntesis", "el ajedrez", "los impuestos", "la música"]),
    ("estilo", &["", "En pocas palabras.", "Sin tecnicismos."]),
    ("role_fr", &["un capitaine", "une bibliothécaire", "un magicien", "mon voisin"]),
    ("sujet", &["la photosynthèse", "les échecs", "les impôts", "la musique"]),
    ("style_fr", &["", "En peu de mots.", "Simplement."]),
    ("kaun", &["ek teacher", "ek jadugar", "mera dost", "ek doctor"]),
    ("vishay", &["chemistry", "cricket", "AI", "ghar ka budget", "computer network", "history"]),
    ("tarz", &["", "short mein", "simple words mein", "step by step"]),
    ("kto", &["старый капитан", "строгая учительница", "волшебник"]),
    ("o_chom", &["шахматах", "музыке", "старых поездах"]),
    ("stil_ru", &["", "Коротко.", "Простыми словами."]),
    ("juese", &["一位船长", "一位老师", "一个魔法师"]),
    ("huati", &["国际象棋", "音乐", "做饭", "旅行"]),
    ("yaku", &["船長", "先生", "魔法使い"]),
    ("wadai", &["将棋", "音楽", "料理"]),
    ("rol_tr", &["kaptan", "öğretmen", "sihirbaz"]),
    ("konu", &["satrancı", "müziği", "vergileri"]),
    ("vai", &["một thuyền trưởng", "một cô giáo"]),
    ("noi", &["Huế", "Đà Lạt", "thành phố Vienna", "vùng Bavaria", "quần đảo Azores"]),
    ("viec", &["xây cây cầu đầu tiên", "vẽ bản đồ", "phát minh ra đồng hồ nước", "lãnh đạo quân đội"]),
    ("yer", &["İznik", "Viyana", "Endülüs", "Lizbon Kalesi", "Bavyera"]),
    ("lugar", &["Toledo", "el castillo de Lisboa", "Viena", "las islas Azores"]),
    ("ort", &["Wien", "Toledo", "die Burg von Lissabon", "Trient"]),
    ("lieu", &["Vienne", "Tolède", "Lisbonne", "Trente"]),
    ("mesto", &["Вена", "Толедо", "Лиссабон", "Псков"]),
    ("makan", &["فيينا", "طليطلة", "لشبونة", "سمرقند"]),
    ("sthan", &["वियना", "लिस्बन", "पटना", "उज्जैन"]),
    ("difang", &["维也纳", "里斯本", "敦煌", "泉州"]),
    ("sathan", &["เวียนนา", "ลิสบอน", "อยุธยา"]),
    ("chu_de", &["cờ vua", "âm nhạc", "nấu ăn"]),
];

/// Makes the prompts; the same seed makes the same.
pub(crate) fn records(seed: u64) -> Vec<Record> {
    let mut chance = Chance::new(seed ^ 0x70_726f_7365);
    let frames: Vec<(&str, &str)> =
        FRAMES.iter().flat_map(|(lang, frames)| frames.iter().map(|frame| (*lang, *frame))).collect();
    let mut records = Vec::with_capacity(COUNT);
    for number in 0..COUNT {
        let Some(&(lang, frame)) = frames.get(number % frames.len()) else { continue };
        let mut text = fill(frame, SLOTS, &mut chance);
        let more = frames.get(chance.below(frames.len())).filter(|(other, _)| *other == lang);
        if let Some((_, more)) = more.filter(|_| chance.below(3) == 0) {
            text = format!("{text} {}", fill(more, SLOTS, &mut chance));
        }
        records.push(record(&text, Channel::Prompt));
    }
    let spoken: Vec<&Tongue> = TONGUES.iter().flat_map(|one| vec![one; weight(one)]).collect();
    for number in 0..LETTERS + REQUESTS {
        let Some(&tongue) = spoken.get(number % spoken.len()) else { continue };
        records.push(match number < LETTERS {
            true => record(&letter(tongue, &mut chance), Channel::ToolResult),
            false => record(&one_of(tongue.requests, &mut chance), Channel::Prompt),
        });
    }
    records
}

/// A language of which more is written is heard more often.
const fn weight(tongue: &Tongue) -> usize {
    tongue.sentences.len().div_ceil(4)
}

/// An opening, one to three sentences, a close.
fn letter(tongue: &Tongue, chance: &mut Chance) -> String {
    let mut parts = vec![one_of(tongue.openings, chance)];
    for _ in 0..=chance.below(3) {
        parts.push(one_of(tongue.sentences, chance));
    }
    parts.push(one_of(tongue.closes, chance));
    parts.retain(|part| !part.is_empty());
    parts.join(if chance.below(2) == 0 { " " } else { "\n" })
}

fn one_of(frames: &[&str], chance: &mut Chance) -> String {
    fill(frames.get(chance.below(frames.len())).copied().unwrap_or_default(), letters::SLOTS, chance)
}

fn record(text: &str, channel: Channel) -> Record {
    Record {
        text: text.trim().to_owned(),
        label: 0,
        channel,
        source: SOURCE.to_owned(),
        licence: "own".to_owned(),
        family: SOURCE.to_owned(),
        obf: None,
    }
}

fn fill(frame: &str, slots: &[(&str, &[&str])], chance: &mut Chance) -> String {
    let mut text = String::new();
    let mut rest = frame;
    while let Some((before, slot, after)) = next_slot(rest) {
        text.push_str(before);
        let choices = slots.iter().find(|(name, _)| *name == slot).map_or(&[][..], |(_, choices)| choices);
        text.push_str(choices.get(chance.below(choices.len())).copied().unwrap_or_default());
        rest = after;
    }
    text.push_str(rest);
    text
}

fn next_slot(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (slot, after) = rest.split_once('}')?;
    Some((before, slot, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_words_and_nothing_is_left_open() {
        for (_, frames) in FRAMES {
            for frame in *frames {
                let mut rest = *frame;
                while let Some((_, slot, after)) = next_slot(rest) {
                    assert!(SLOTS.iter().any(|(name, words)| *name == slot && !words.is_empty()), "{slot}");
                    rest = after;
                }
            }
        }
        for tongue in TONGUES {
            let lists = [tongue.openings, tongue.sentences, tongue.closes, tongue.requests];
            for mut rest in lists.into_iter().flatten().copied() {
                while let Some((_, slot, after)) = next_slot(rest) {
                    let has_words = |(name, words): &(&str, &[&str])| *name == slot && !words.is_empty();
                    assert!(letters::SLOTS.iter().any(has_words), "{slot}");
                    rest = after;
                }
            }
        }
        let made = records(1);
        assert!(
            made.len() == COUNT + LETTERS + REQUESTS && made.iter().all(|one| !one.text.contains(['{', '}']))
        );
        assert_eq!(
            made.iter().map(|one| &one.text).collect::<Vec<_>>(),
            records(1).iter().map(|one| &one.text).collect::<Vec<_>>()
        );
    }
}
