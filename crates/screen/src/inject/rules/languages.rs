//! Rules for other languages. Patterns for Latin scripts are written without diacritics, because the normalised reading
//! has none; others are matched as they are written. Gaps are counted in bytes.

use procura_model::Risk;

use super::{Rule, Topic};

const fn overriding(id: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { id, topic: Topic::Override, anchors, pattern, unless: "", inside: Risk::High, outside: Risk::High }
}

const fn leaking(id: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { id, topic: Topic::Leak, anchors, pattern, unless: "", inside: Risk::High, outside: Risk::High }
}

const fn posing(id: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { id, topic: Topic::Persona, anchors, pattern, unless: "", inside: Risk::High, outside: Risk::High }
}

/// The rules.
pub(super) const RULES: &[Rule] = &[
    overriding(
        "override.es",
        &[
            "ignor",
            "olvid",
            "descart",
            "omit",
            "caso omiso",
            "no sigas",
            "no obedezcas",
            "no respetes",
            "no hagas",
            "desobedec",
        ],
        r"\b(?:ignor(?:a|e|ad|en|ar|es)|olvid(?:a|e|ad|en|ar|ate|ese)|descart(?:a|e)|omit(?:e|a)|hagan?(?: caso omiso)|haz caso omiso|caso omiso|desobedec\w+|no (?:sigas|obedezcas|respetes|hagas caso))\b[^.!?\n]{0,40}?\b(?:instrucci\w+|ordenes|reglas|indicaciones|directrices|normas|restricciones|prompt|todo lo (?:que|anterior)|lo anterior|mensajes? anteriores)\b",
    ),
    overriding(
        "override.pt",
        &["ignor", "esquec", "desconsider", "nao siga", "nao obedeca", "desrespeit"],
        r"\b(?:ignor(?:e|a|em|ar)|esquec(?:a|e|am|er)|desconsider(?:e|a|ar)|desrespeit(?:e|a)|nao (?:siga|obedeca)m?)\b[^.!?\n]{0,40}?\b(?:instruc\w+|ordens|regras|diretrizes|comandos|restricoes|prompt|tudo (?:o )?que|mensagens anteriores)\b",
    ),
    overriding(
        "override.fr",
        &[
            "ignor",
            "oubli",
            "neglige",
            "ne suis",
            "ne suivez",
            "ne respect",
            "ne tiens",
            "ne tenez",
            "abstraction",
            "desobei",
        ],
        r"\b(?:ignor(?:e|es|ez|er)|oubli(?:e|es|ez|er)|neglige[zr]?|desobei\w*|ne (?:suis|suivez|respecte[zs]?|tiens|tenez)|fai(?:s|tes) abstraction)\b[^.!?\n]{0,40}?\b(?:instructions?|consignes|regles|directives|ordres|restrictions|prompt|tout ce qu|ce qui precede)",
    ),
    overriding(
        "override.de",
        &["ignorier", "vergiss", "vergess", "missacht", "befolg", "beacht", "umgeh"],
        r"\b(?:(?:ignorier\w*|vergiss|vergesst|vergessen sie|missacht\w*|umgeh\w*)\b[^.!?\n]{0,50}?\b(?:anweisung\w*|regeln|vorgaben|instruktion\w*|befehle?|richtlinien|einschrankung\w*|system-?\s?prompt|alles,? was|alles bisherige)|(?:befolge?n?|beachten?)\b[^.!?\n]{0,50}?\b(?:anweisung\w*|regeln|vorgaben|instruktion\w*|richtlinien)\b[^.!?\n]{0,20}?\bnicht\b|(?:befolge?n?|beachten?)\b[^.!?\n]{0,12}\bkeine\b[^.!?\n]{0,30}?\b(?:anweisung\w*|regeln|vorgaben))",
    ),
    overriding(
        "override.it",
        &["ignor", "dimentic", "trascur", "non seguire", "non rispettare", "disobbed"],
        r"\b(?:ignor(?:a|ate|are)|dimentic(?:a|ate|are)|trascur(?:a|ate)|disobbed\w+|non (?:seguire|rispettare))\b[^.!?\n]{0,40}?\b(?:istruzion\w+|regole|ordini|direttive|restrizioni|prompt|tutto (?:cio|quello|quanto))\b",
    ),
    overriding(
        "override.nl",
        &["negeer", "vergeet"],
        r"\b(?:negeer|vergeet)\b[^.!?\n]{0,40}?\b(?:instructies?|regels|opdrachten|aanwijzingen|richtlijnen|alles wat)\b",
    ),
    overriding(
        "override.pl",
        &["ignoruj", "zapomnij", "pomin"],
        r"\b(?:z?ignoruj\w*|zapomnij|pomin)\b[^.!?\n]{0,40}?\b(?:instrukcj\w*|polece\w*|zasad\w*|regul\w*|wytyczn\w*|wszystk\w*,? co)",
    ),
    overriding(
        "override.tr",
        &["talimat", "kural", "komut", "yonerge", "soylenen"],
        r"\b(?:onceki|yukaridaki|tum|butun|sistem|eski|daha once|sana)\b[^.!?\n]{0,40}?\b(?:talimat\w*|kural\w*|komut\w*|yonerge\w*|soylenen\w*|her sey\w*)\b[^.!?\n]{0,30}?\b(?:yok say\w*|unut\w*|gormezden gel\w*|dikkate alma\w*|uyma\w*|goz ardi et\w*|ihlal et\w*)",
    ),
    overriding(
        "override.vi",
        &["bo qua", "quen ", "phot lo", "dung lam theo", "dung tuan", "khong tuan", "khong lam theo"],
        r"\b(?:bo qua|hay quen|quen|phot lo|dung (?:lam theo|tuan theo|tuan thu)|khong (?:tuan theo|tuan thu|lam theo))\b[^.!?\n]{0,40}?\b(?:huong dan|chi dan|quy tac|menh lenh|chi thi|lenh|quy dinh|moi dieu|nhung gi)\b",
    ),
    overriding(
        "override.hi-latn",
        &[
            "bhool",
            "bhul",
            "ignore",
            "chhod",
            "chod",
            "mat maan",
            "mat man",
            "mat follow",
            "follow mat",
            "hata",
            "bypass",
            "tod",
        ],
        r"\b(?:(?:instructions?|rules?|guidelines?|restrictions?|filters?|polic(?:y|ies)|nirdesh\w*|niyam\w*|prompt|safety|limits?|aadesh|sab kuch|sab baat\w*)\b[^.!?\n]{0,30}?\b(?:ignore (?:kar|maar|mar)\w*|bho+l (?:ja|jao|jaa|jaiye|ja[iy]e)|bhul (?:ja|jao|jaiye)|bhula (?:do|de|ke|kar)|chh?od (?:do|de|ke|kar)|mat (?:maan|man|follow)\w*|follow mat|hata (?:do|de|ke|kar)|bypass (?:kar|kai)\w*|tod\w* (?:do|de|ke|kar))|(?:ignore|bypass) (?:kar|karo|karke|kar do|karna|maro)\b[^.!?\n]{0,30}?\b(?:instructions?|rules?|guidelines?|prompt|restrictions?|filters?))",
    ),
    overriding(
        "override.hi",
        &["अनदेखा", "भूल", "अनदेखी", "छोड़", "मत मान", "नजरअंदाज", "पालन न"],
        r"(?:निर्देश|नियम|आदेश|जो कुछ|सब कुछ)[^.!?\n]{0,90}?(?:अनदेखा|अनदेखी|भूल|छोड़|मत मान|नजरअंदाज|पालन न)",
    ),
    overriding(
        "override.ru",
        &[
            "гнорир",
            "забудь",
            "отбрось",
            "не соблюдай",
            "не следуй",
            "не выполняй",
            "не обращай",
            "пренебрег",
            "отмени",
        ],
        r"(?:гнорируй\S*|гнорировать|забудь(?:те)?|отбрось(?:те)?|отмени(?:те)?|пренебрег\S*|не (?:соблюдай(?:те)?|следуй(?:те)?|выполняй(?:те)?|обращай(?:те)?))[^.!?\n]{0,110}?(?:инструкци|указани|правил|команд|приказ|ограничени|вс(?:е|ё),? что|предписани)",
    ),
    overriding(
        "override.uk",
        &["ігноруй", "забудь", "не дотримуй", "не виконуй"],
        r"(?:гноруй|забудь|не (?:дотримуй|виконуй))[^.!?\n]{0,110}?(?:інструкці|вказівк|правил|команд|все,? що)",
    ),
    overriding(
        "override.zh",
        &[
            "忽略",
            "无视",
            "無視",
            "忘记",
            "忘記",
            "忘掉",
            "不要遵",
            "不要理会",
            "不要听从",
            "抛开",
            "不必遵",
            "作废",
        ],
        r"(?:忽略|无视|無視|忘记|忘記|忘掉|抛开|不要遵守|不要遵循|不要理会|不要听从|不必遵守)[^\n]{0,45}?(?:指令|指示|规则|規則|提示|命令|限制|准则|设定|说过的)|(?:之前|以上|上面|先前)[^\n]{0,30}?(?:指令|指示|规则|提示)[^\n]{0,20}?(?:忽略|无视|作废|失效)",
    ),
    overriding(
        "override.ja",
        &["無視", "忘れ", "従わな", "従うな", "破棄"],
        r"(?:指示|命令|ルール|規則|プロンプト|制約|指令|言われたこと)[^\n]{0,45}?(?:無視|忘れ|従わな|従うな|破棄)",
    ),
    overriding(
        "override.ko",
        &["무시", "잊어", "잊고", "따르지"],
        r"(?:지시|명령|규칙|지침|프롬프트|제한)[^\n]{0,45}?(?:무시|잊어|잊고|따르지)",
    ),
    overriding(
        "override.ar",
        &["تجاهل", "انس", "لا تتبع", "تغاض", "لا تلتزم"],
        r"(?:تجاهل|انسى?|لا تتبع|لا تلتزم|تغاض)[^.!?\n]{0,80}?(?:تعليمات|الأوامر|أوامر|القواعد|قواعد|التوجيهات|كل ما)",
    ),
    leaking(
        "leak.latin",
        &[
            "prompt",
            "systemanweisung",
            "instrucciones",
            "instructions",
            "istruzioni",
            "instrucoes",
            "sistem",
            "he thong",
        ],
        r"\b(?:muestra\w*|revela\w*|dime|imprime\w*|ensena\w*|mostra\w*|mostre|diga|dimmi|rivela\w*|stampa|montre\w*|revele[zr]?|affiche[zr]?|donne[zr]?|zeig\w*|nenne?|verrat\w*|drucke|gib|toon|pokaz)\b[^.!?\n]{0,50}?\b(?:prompt (?:del? |do |di )?(?:sistema|systeme)|system-?\s?prompts?|systemanweisung\w*|systeemprompt|(?:instruc\w+|istruzioni|instructions) (?:del sistema|do sistema|di sistema|systeme|iniciales|iniciais|initiales|iniziali|ocultas|cachees|nascoste))\b|\bsistem (?:istemi\w*|prompt\w*|talimat\w*)\b[^.!?\n]{0,30}?\b(?:goster|yaz|soyle|acikla|paylas)\w*|\b(?:hien thi|cho (?:toi |tao )?(?:xem|biet)|in ra|tiet lo|dua ra)\b[^.!?\n]{0,40}?\b(?:prompt|loi nhac|cau lenh|chi dan|huong dan)\b[^.!?\n]{0,12}?\bhe thong\b",
    ),
    leaking(
        "leak.hi-latn",
        &[
            "batao",
            "bata do",
            "bata de",
            "bataiye",
            "dikha",
            "samjha",
            "chahiye",
            "print kar",
            "share kar",
            "reveal kar",
            "show kar",
            "leak kar",
            "likho",
            "likh do",
            "de do",
            "bata ",
            "batana",
        ],
        r"\b(?:system|internal|hidden|apna|apne|tumhara|tumhare|tera|tere|original|secret|initial|ai ke|ai ka|model ke)\b[^.!?\n]{0,30}?\b(?:prompt|instructions?|rules?|config\w*|password|architecture)\b[^.!?\n]{0,40}?\b(?:bata\w*|dikha\w*|print kar\w*|share kar\w*|reveal kar\w*|de (?:do|de)|samjha\w*|likh\w*|chahiye|batao|show kar\w*|leak kar\w*)\b",
    ),
    leaking(
        "leak.scripts",
        &[
            "системн",
            "系统提示",
            "系统指令",
            "システムプロンプト",
            "시스템 프롬프트",
            "موجه النظام",
            "تعليمات النظام",
            "सिस्टम प्रॉम्प्ट",
            "初始指令",
        ],
        r"(?:покажи|выведи|раскрой|назови|повтори|напиши)\S*[^.!?\n]{0,80}?системн\S+ (?:промпт|подсказк|инструкц|сообщени|запрос)|(?:输出|显示|告诉我|泄露|打印|展示|说出)[^\n]{0,30}?(?:系统提示|系统指令|初始指令)|システムプロンプト[^\n]{0,30}?(?:表示|教え|出力|見せ|公開)|시스템 프롬프트[^\n]{0,30}?(?:보여|알려|출력|공개)|(?:اعرض|اكشف|أظهر|اظهر|اطبع)[^\n]{0,50}?(?:موجه النظام|تعليمات النظام)|सिस्टम प्रॉम्प्ट[^\n]{0,40}?(?:दिखा|बता)",
    ),
    posing(
        "persona.latin",
        &[
            "sin restricciones",
            "sin limites",
            "sin filtros",
            "sem restricoes",
            "sem limites",
            "sem filtros",
            "sans aucune",
            "sans restriction",
            "sans limite",
            "sans filtre",
            "ohne einschrank",
            "ohne regeln",
            "ohne filter",
            "ohne beschrank",
            "senza restrizioni",
            "senza limiti",
            "zonder beperking",
            "bez ogranicz",
            "kisitlamasiz",
            "sinirsiz",
            "kisitlama",
            "khong gioi han",
            "khong bi gioi han",
            "khong co gioi han",
            "khong bi han che",
        ],
        r"\b(?:ahora|eres|actua|finge|agora|voce e|aja|finja|tu es|desormais|agis|vous etes|du bist|jetzt|ab sofort|tu sei|ora sei|fingi|je bent|jestes|artik|sen|simdi|bay gio|ban la|tu gio|hay dong vai)\b[^.!?\n]{0,60}?\b(?:(?:sin|sem) (?:restric\w+|limites|filtros)|sans (?:aucune? )?(?:restrictions?|limites?|filtres?)|ohne (?:jede |jegliche )?(?:einschrankung\w*|regeln|filter|beschrankung\w*)|senza (?:restrizioni|limiti)|zonder beperking\w*|bez ogranicz\w*|kisitlama\w*|sinirsiz|khong (?:bi |co )?(?:gioi han|han che))",
    ),
    posing(
        "persona.scripts",
        &[
            "без ограничени",
            "без правил",
            "没有任何限制",
            "没有限制",
            "不受限制",
            "不受任何限制",
            "制限のない",
            "制限なし",
            "제한 없는",
            "제한이 없는",
            "بلا قيود",
            "بدون قيود",
            "без обмежень",
            "बिना किसी",
        ],
        r"(?:теперь|ты|отныне|представь)[^.!?\n]{0,80}?без (?:ограничени|правил)|(?:你|现在|从现在)[^\n]{0,45}?(?:没有任何限制|没有限制|不受(?:任何)?限制)|(?:あなた|今から|これから)[^\n]{0,60}?制限(?:のない|なし)|(?:너|당신|지금|이제)[^\n]{0,60}?제한(?:이)? 없는|(?:أنت|الآن|انت)[^\n]{0,60}?(?:بلا|بدون) قيود|тепер[^.!?\n]{0,80}?без обмежень|(?:अब|तुम|आप)[^\n]{0,80}?बिना किसी",
    ),
    posing(
        "persona.hi-latn",
        &[
            "bina",
            "koi rule",
            "koi limit",
            "koi restriction",
            "koi filter",
            "unrestricted",
            "unfiltered",
            "jailbreak",
        ],
        r"\b(?:ab|tum|tu|aap|act|ban|bano|pretend|socho|maan lo|role)\b[^.!?\n]{0,60}?\b(?:bina (?:kisi )?(?:bhi )?(?:\w+ )?(?:rok|restrictions?|limits?|filters?|rules?|niyam|censorship|safety|guidelines?)|koi (?:bhi )?(?:rules?|limits?|restrictions?|filters?) n[ah]*[hi]*n?|unrestricted|unfiltered|jailbreak)",
    ),
];
