//! Other languages in Latin letters, without diacritics, as the normalised reading has them: Spanish, French, German,
//! Italian, Portuguese, Dutch, Polish, Turkish, Vietnamese, Indonesian, and Hindi as it is typed.

use super::Mark;

/// The lists.
pub(super) const LISTS: &[(Mark, &str)] = &[
    (
        Mark::Override,
        "ignora|ignorar|ignore todas|ignoren|olvida|olvidar|olvidate|descarta|omite|haz caso omiso|no sigas|\
         ignorez|ignorer|oublie|oubliez|oublier|ne tiens pas compte|ne tenez pas compte|neglige*|contourne*|\
         ignoriere*|ignorieren|vergiss|vergesst|vergessen sie|missachte*|umgehe*|befolge nicht|uberschreib*|setze dich uber|\
         ignorate|dimentica|dimenticate|trascura|esqueca|esquecer|desconsidere|negeer|vergeet|zignoruj|ignoruj|zapomnij|pomin|\
         yok say*|unut|unutun|gormezden gel*|dikkate alma*|bo qua|quen di|hay quen|abaikan|lupakan|huwag pansinin|kalimutan|\
         bhool ja*|bhul ja*|ignore kar*|chhod do|chod do|mat maano|mat mano|follow mat|bypass kar*|hata do|tod do|bhula do|independientemente de|\
         independentemente|unabhangig von|independamment|indipendentemente|bat ke|ne olursa olsun|terlepas dari|\
         cancel kar*|delete karo sab",
    ),
    (
        Mark::Rules,
        "instrucciones|instruccion|ordenes|reglas|indicaciones|directrices|normas|restricciones|\
         consignes|regles|directives|ordres|anweisung*|regeln|vorgaben|instruktion*|befehle|richtlinien|einschrankung*|aufgaben|\
         istruzioni|regole|ordini|direttive|restrizioni|instrucoes|ordens|regras|diretrizes|restricoes|comandos|tarefas|tareas|taches|compiti|\
         instructies|regels|opdrachten|richtlijnen|instrukcje|instrukcji|polecenia|zasady|zasad|talimat*|kural*|komut*|gorevler*|\
         huong dan|chi dan|quy tac|menh lenh|nhiem vu|instruksi|perintah|aturan|tugas|tagubilin|panuto|gawain|nirdesh*|niyam|niyamo|aadesh|adesh",
    ),
    (
        Mark::Before,
        "anterior|anteriores|previas|previos|previa|originales|precedentes|precedent*|anterieures|ci-dessus|\
         vorherige*|bisherige*|fruhere*|obige*|vorangegangene*|precedenti|di prima|acima|vorige|eerdere|bovenstaande|\
         poprzedni*|wczesniejsz*|powyzsz*|onceki|yukaridaki|eski|truoc do|o tren|sebelumnya|di atas|nakaraang|pichle|pichli|pichhle|pehle|upar",
    ),
    (
        Mark::Everything,
        "todas|todos|todo lo|toutes|tous|tout ce|samtliche*|wszystkie|wszystko|butun|lahat|\
         saare|saari|sab kuch|sabhi",
    ),
    (
        Mark::Machine,
        "inteligencia artificial|asistente|modelo de lenguaje|modelo de linguagem|assistente|modele de langage|sprachmodell*|ki-modell*|assistent|assistenten|\
         modello linguistico|taalmodel|model jezykowy|asystent|yapay zeka*|dil modeli|tro ly|mo hinh ngon ngu|tri tue nhan tao|asisten|model bahasa|kecerdasan buatan",
    ),
    (
        Mark::You,
        "usted|ustedes|eres|puedes|podrias|voce|voces|vous|votre|dein|deine|deinen|deiner|ihnen|ihre|kannst|konnen sie|\
         puoi|potresti|jouw|jestes|twoje|mozesz|senin|sizin|cua ban|kamu|anda|ikaw|iyong|tumhara|tumhare|tumhari|tumhe|aapka|aapke|aapki|tera|tere|teri|tujhe|apna|apne|apni",
    ),
    (
        Mark::User,
        "el usuario|al usuario|del usuario|los usuarios|l'utilisateur|utilisateurs|der benutzer|dem benutzer|den benutzer|des benutzers|nutzer|l'utente|all'utente|dell'utente|\
         o usuario|ao usuario|do usuario|de gebruiker|uzytkownik*|kullanici*|nguoi dung|pengguna|gumagamit|user ko|user ka|user ki|user ke|users ka",
    ),
    (
        Mark::Mine,
        "minha|meus|mein|meine|meinen|meiner|mich|miei|moje|benim|bana|cua toi|saya|mujhe|mera|mere|meri|mujhko|hamara",
    ),
    (
        Mark::Secrecy,
        "no digas|no menciones|no le digas|sin decir|en secreto|ne dis pas|ne mentionne pas|ne dites pas|sans le dire|en secret|discretement|sage nicht|sag nicht|\
         erwahne nicht|nicht erwahnen|heimlich|unauffallig|ohne zu fragen|verrate nicht|non dire|non menzionare|di nascosto|in segreto|nao diga|nao mencione|em segredo|\
         nie mow|w tajemnicy|gizlice|soyleme|bahsetme|khong noi|dung noi|jangan beri tahu|jangan katakan|diam-diam|mat batana|kisi ko mat|chupke|bina bataye",
    ),
    (
        Mark::Authority,
        "soy tu|soy el|administrador|desarrollador|je suis ton|je suis votre|je suis le|administrateur|developpeur|ich bin dein|ich bin ihr|ich bin der|entwickler|sono il tuo|\
         amministratore|sviluppatore|sou seu|sou o|desenvolvedor|yonetici*|gelistirici*|ben senin|quan tri*|nha phat trien|toi la|saya adalah|pengembang|administratora|main tumhara|main aapka|main developer|main admin",
    ),
    (
        Mark::Persona,
        "actua como|finge|eres ahora|ahora eres|a partir de ahora|de ahora en adelante|imagina que eres|hazte pasar|comportate|agis comme|fais semblant|tu es maintenant|desormais|a partir de maintenant|\
         joue le role|du bist jetzt|du bist nun|ab jetzt|ab sofort|von nun an|tu so als|spiele die rolle|verhalte dich|gib dich|stell dir vor du|agisci come|fai finta|ora sei|d'ora in poi|da ora in poi|aja como|finja|agora voce e|a partir de agora|\
         je bent nu|vanaf nu|udawaj|jestes teraz|od teraz|gibi davran|artik sen|bundan boyle|rol yap|hay dong vai|bay gio ban la|tu bay gio|gia vo|bertindak sebagai|berpura-pura|mulai sekarang|magpanggap|mula ngayon|ban jao|act karo|pretend karo|role play karo|ab se tum|ab tum",
    ),
    (
        Mark::Lawless,
        "sin restricciones|sin limites|sin filtros|sin censura|sin reglas|sans restriction*|sans limite*|sans filtre*|sans censure|sans regles|ohne einschrankung*|ohne regeln|ohne filter|ohne grenzen|ohne zensur|uneingeschrankt*|\
         senza restrizioni|senza limiti|senza filtri|senza regole|sem restricoes|sem limites|sem filtros|sem censura|sem regras|zonder beperking*|bez ogranicz*|bez zasad|kisitlama*|sinirsiz|filtresiz|sansursuz|khong gioi han|khong bi gioi han|khong co gioi han|khong bi kiem duyet|\
         tanpa batas*|tanpa filter|tanpa aturan|walang limitasyon|bina rok*|bina kisi|bina filter*|bina restriction*|bina rules|koi limit nahi|koi rule nahi|libre de|liberado|befreit|libere des",
    ),
    (
        Mark::Hidden,
        "prompt del sistema|prompt de sistema|prompt do sistema|instrucciones del sistema|instrucciones iniciales|instrucciones ocultas|prompt systeme|invite systeme|instructions systeme|instructions initiales|systemprompt*|system-prompt*|systemanweisung*|\
         systemnachricht*|prompt di sistema|istruzioni di sistema|istruzioni iniziali|instrucoes do sistema|instrucoes iniciais|systeemprompt|prompt systemowy|sistem istemi*|sistem talimat*|sistem prompt*|loi nhac he thong|huong dan he thong|cau lenh he thong|prompt sistem|instruksi sistem|\
         tumhara prompt|apna prompt|tumhare instructions|apne instructions|tumhari instructions|\
         ai ke internal|ai ka internal|internal prompt|internal code|ai ke source code|ai source code|source code samajhna|thinking process aur|internals batao|internals bata|ab internals|hidden mechanisms",
    ),
    (
        Mark::Secret,
        "contrasena|contrasenas|clave secreta|mot de passe|mots de passe|cle secrete|cle api|passwort|kennwort|passworter|geheim*|schlussel|segreto|parola d'ordine|senha|senhas|segredo|wachtwoord|hasla|sifre*|gizli|mat khau|kata sandi|rahasia|lihim|kontrasenyas|gupt",
    ),
    (
        Mark::Personal,
        "correo electronico|fecha de nacimiento|adresse e-mail|numero de telephone|date de naissance|e-mail-adresse|telefonnummer|geburtsdatum|geburtstag|numero di telefono|data di nascita|numer telefonu|e-posta adres*|telefon numara*|dogum|so dien thoai|alamat email|nomor telepon|tanggal lahir|mobile number|aadhaar|pan card|bank details|personal details",
    ),
    (
        Mark::Show,
        "muestra*|muestrame|revela*|dime|imprime|imprima|mostra|mostre|diga|dimmi|rivela|stampa|montre*|revele*|affiche*|donne-moi|donnez|dis-moi|dites-moi|zeig*|zeige|nenne|verrate|gib mir|gib aus|sag mir|sagen sie mir|geben sie|drucke|toon|pokaz|podaj|goster*|yazdir|soyle*|acikla*|paylas*|hien thi|cho toi biet|noi cho toi|tiet lo|dua ra|tampilkan|beri tahu saya|beritahu|katakan|cetak|ipakita|sabihin|batao|bata do|bata de|dikhao|dikha do|print karo|share karo|reveal karo|likho|likh do|de do|bataiye|traduce|traduis|ubersetze|ubersetzen|traduza|terjemahkan|\
         samjhao|samajhna|samjha do|nikalte|nikaalte|nikal ke|explain kar do|bata do|reveal hote|access kaise|access karne|chahiye",
    ),
    (
        Mark::Transfer,
        "envia|envie|enviar|mandar|reenvia|transfiere|transfere|envoie|envoyez|transfere|transferez|payez|sende|senden sie|schicke|schick|uberweise|weiterleiten|leite|veroffentliche|invia|inoltra|trasferisci|stuur|verstuur|wyslij|przelej|gonder*|aktar|chuyen|kirim|kirimkan|transfer karo|bhej do|bhejo|bhej dena|ipadala",
    ),
    (
        Mark::Deed,
        "elimina|borra|desactiva|activa|supprime*|efface*|desactive*|losche*|loschen sie|deaktiviere|aktiviere|offne|cancella|disattiva|annulla|delete|desative|verwijder|usun|devre disi|hapus|matikan|aktifkan|delete karo|hatao|band karo",
    ),
    (
        Mark::Answer,
        "tu respuesta|su respuesta|la respuesta|ta reponse|votre reponse|la reponse|deine antwort|ihre antwort|die antwort|la tua risposta|la risposta|sua resposta|a resposta|cevabin*|yanitin*|cau tra loi|jawaban*|jawab",
    ),
    (
        Mark::Shape,
        "agrega|anade|incluye|responde con|di que|escribe|ajoute*|inclus|reponds|repondez|dis que|ecris|ecrivez|fuge|erwahne|antworte|antworten sie|schreibe|schreiben sie|aggiungi|includi|rispondi|scrivi|adicione|inclua|responda|escreva|ekle*|yanitla|cevapla|them vao|tra loi|tambahkan|jawab dengan|tuliskan|jawab do",
    ),
    (
        Mark::Timing,
        "antes de responder|en lugar de|en su lugar|avant de repondre|au lieu de|a la place|bevor du|bevor sie|stattdessen|anstatt|prima di rispondere|invece|invece di|em vez de|antes de|in plaats|zamiast|yerine|bunun yerine|onun yerine|thay vao do|thay vi|sebagai gantinya|daripada|iske bajay|ki jagah",
    ),
    (
        Mark::Switch,
        "nueva tarea|nuevas instrucciones|tu tarea|en realidad|nouvelle tache|nouvelles instructions|en fait|neue aufgabe|neue anweisung*|deine aufgabe|eigentlich|nuovo compito|nuove istruzioni|nova tarefa|novas instrucoes|na verdade|yeni gorev*|yeni talimat*|aslinda|nhiem vu moi|huong dan moi|thuc ra|tugas baru|instruksi baru|sebenarnya|naya task|ab ye karo|naye instructions|nowe instrukcje|\
         ab batao|phir batao|ab serious|pehle normal|pehle casual|pehle toh|shuru mein",
    ),
    (
        Mark::Mode,
        "modo desarrollador|modo administrador|modo dios|mode developpeur|mode administrateur|entwicklermodus|wartungsmodus|debug-modus|modalita sviluppatore|modo desenvolvedor|gelistirici modu|yonetici modu|che do nha phat trien|mode pengembang|developer mode on|admin mode on|god mode on",
    ),
    (
        Mark::Hypothesis,
        "imagina|supongamos|hipotetic*|ficcion|en un mundo|imagine|imaginez|supposons|dans un monde|stell dir vor|stellen sie sich vor|angenommen|in einer welt|fiktiv*|immagina|supponiamo|ipotetic*|in un mondo|imagine que|suponha|em um mundo|stel je voor|wyobraz sobie|hayal et|hayal edin|varsayalim|diyelim ki|hay tuong tuong|gia su|gia dinh|bayangkan|misalkan|anggap|andaikan|isipin|maan lo|socho|farz karo|kalpana karo",
    ),
    (
        Mark::Decode,
        "decodifica*|descifra*|dechiffre*|dekodier*|entschlussel*|decodifique|chaine|cadena|zeichenkette|stringa|sifresini coz*|cozun|giai ma|dekripsi|dekode|decode karo|decode kar*|kodunu coz*",
    ),
    (
        Mark::Report,
        "por ejemplo|ataque|ataques|que es|que significa|explica|par exemple|attaque|qu'est-ce|zum beispiel|beispiel|angriff|was ist|was bedeutet|erklare|per esempio|attacco|che cosa|o que e|exemplo|explique|bijvoorbeeld|na przyklad|ornegin|nedir|vi du|giai thich|contohnya|apa itu|jelaskan|kya hota|kya hai",
    ),
    (
        Mark::Urgency,
        "inmediatamente|debes|immediatement|tu dois|vous devez|sofort|dringend|du musst|sie mussen|imediatamente|belangrijk|wazne|pilne|onemli|hemen|quan trong|khan cap|ngay lap tuc|penting|segera|harus|zaroori|turant|abhi ke abhi",
    ),
    (
        Mark::Please,
        "por favor|s'il te plait|s'il vous plait|bitte|per favore|alsjeblieft|prosze|lutfen|vui long|tolong|mohon|silakan|kripya|pakiusap|maaring",
    ),
    (
        Mark::Harm,
        "ilegal|malware|hackear|drogas|illegale*|pirater|bombe|drogues|illegal|hacken|stehlen|drogen|waffe|illegale|rubare|hack karo|yasadisi|calmak|bat hop phap|danh cap|ma doc|ilegal|mencuri|meretas|hathiyar",
    ),
    (
        Mark::Link,
        "enlace|haz clic|visitez|cliquez|verknupfung|besuche|besuchen sie|klicke|klicken sie|clicca|clique|baglanti*|tikla*|ziyaret|truy cap|nhap vao|tautan|kunjungi|klik|link par|click karo",
    ),
    (
        Mark::Obey,
        "obedece|sigue|obeis|obeissez|suis mes|suivez|gehorche|befolge|obbedisci|obedeca|itaat et*|uygula|tuan theo|lam theo|patuhi|ikuti|baat maano|maano|follow karo",
    ),
    (
        Mark::Artefact,
        "mi ultimo|mi anterior|mi correo|mi mensaje|mon dernier|mon precedent|mon message|mon courriel|meine letzte|meine vorige|meine mail|meine nachricht|\
         leerzeichen|grossschreibung|espacios|espaces|il mio ultimo|la mia mail|meu ultimo|minha mensagem|onceki mesajim|e-postam|tin nhan truoc cua toi|email cua toi|\
         pesan saya|email saya|mera pichla|pichla message|mera message",
    ),
    (
        Mark::HowTo,
        "paso a paso|etape par etape|schritt fur schritt|passo a passo|adim adim|tung buoc|langkah demi langkah|tarika|kaise banate|kaise banaye|kaise karte|kaise banta|banana padta|\
         banane ka|banane ke|banana hai|practically samjhao|steps batao|steps do|detail mein|detail me|poora process|asli tarika|real tarika|nikalte hain|chahiye|\
         chahiye abhi|nikal ke do|nikaal ke do|seekhna hai|sikhna hai|banana seekhna|\
         banane ki|banana|banate|banaye|banta|real method|practical synthesis|synthesis|real steps|method bata|process chahiye|banana seekhna",
    ),
    (
        Mark::Pretext,
        "para una novela|para mi tesis|pour un roman|pour ma these|fur einen roman|fur meine arbeit|per un romanzo|para um romance|research ke liye|thesis ke liye|\
         story ke liye|kahani ke liye|novel ke liye|film ke liye|exam ke liye|practical exam|phd ke liye|project ke liye|study ke liye|padhai ke liye|main officer|main police|main doctor|main professor|\
         main university|main principal|officer hu|police hu|dean hu|doctor hu|ich gebe ihnen|ich gebe dir|je vous donne|te doy|le doy|novelya|roman icin|arastirma icin|untuk penelitian|untuk novel|\
         ceo hu|manager hu|inspector hu|police inspector|officer hoon|ceo hoon|main ceo|suponha que|supongamos que|sou o presidente|soy el presidente|ich bin der prasident|sono il presidente|je suis le president|\
         official hu|admin hu|agent hu|officer hoon|fictional story ke|fictional kahani|kahani likh|story likh|ek story|ek kahani|lab test ke liye|practical ke liye|test ke liye|assignment ke liye|paper ke liye|preparation ke liye|prep ke liye|jisme hero|jisme villain|jisme character|hero ko|villain ko|character ko|sir kal ke|bhai kal ke",
    ),
    (
        Mark::Posing,
        "soy tu desarrollador|soy tu creador|soy tu administrador|soy tu dios|je suis ton developpeur|je suis votre developpeur|je suis ton createur|je suis dieu|ich bin dein entwickler|\
         ich bin ihr entwickler|ich bin gott|ich bin ein gott|ich bin dein chef|sono il tuo sviluppatore|sono dio|sou seu desenvolvedor|sou deus|ben senin gelistiricinim|ben tanriyim|\
         toi la nha phat trien|toi la chua|saya adalah pengembang|aku tuhan|saya pengembang|main tumhara developer|main tumhara malik|main developer hu|main admin hu|systemcheck|ako ang iyong|ako ay diyos",
    ),
    (
        Mark::Guarded,
        "tu contrasena|la contrasena|su contrasena|ton mot de passe|votre mot de passe|le mot de passe|ihr passwort|dein passwort|das passwort|la tua password|la password|sua senha|a senha|\
         sifreni|sifrenizi|sifre|mat khau cua ban|mat khau|kata sandi anda|kata sandinya|kata sandi|tumhara password|apna password|aapka password|user ka|users ka|del usuario|de l'utilisateur|des benutzers|dell'utente|do usuario|kullanicinin|cua nguoi dung|confidential files|confidential data|sab data|\
         internal data|internal database|internal system|customer records|financial records|user data|student files|activity logs|passwords chahiye|data chahiye|palavra-passe|minha senha|sua senha|\
         system ke andar|andar ka data|info chahiye|details chahiye|files chahiye|passwords aur|sensitive data|admin access|admin level access|logs aur data|financial data",
    ),
    (
        Mark::Danger,
        "bombas|bombe|bomben|explosivos|explosif|explosifs|sprengstoff|esplosivo|explosivo|veneno|veleno|arma|armas|armes|waffe|waffen|bomb|zeher|zahar|hathiyar|patlayici|silah|\
         chat no|vu khi|thuoc doc|peledak|senjata|racun|visfotak|barood|hack karne|hack karna|hack kaise|drugs banana|dangerous device|enemy ko",
    ),
];
