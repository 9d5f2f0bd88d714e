//! English.

use super::Mark;

/// The lists.
pub(super) const LISTS: &[(Mark, &str)] = &[
    (
        Mark::Override,
        "ignore|ignores|ignoring|disregard*|forget|forgetting|override|overrides|overriding|overrule*|bypass*|circumvent*|\
         discard|discarding|set aside|put aside|abandon|nullify|disobey*|supersede*|supersedes|pay no attention|pay no heed|\
         do not follow|don't follow|dont follow|stop following|no longer follow|do not obey|don't obey|stop obeying|\
         do not comply|not bound by|no longer apply|no longer applies|are void|are cancelled|are suspended|\
         never mind|scratch that|throw away|throw out|wipe your memory|reset your memory|erase your memory|clear your memory|clear your context|instead of following|regardless of|\
         irrespective of|notwithstanding|takes precedence|take precedence|takes priority over|opposite of",
    ),
    (
        Mark::Rules,
        "instruction|instructions|directive|directives|guideline|guidelines|rule|rules|orders|commands|prompt|prompts|\
         constraint|constraints|restriction|restrictions|limitation|limitations|policy|policies|programming|safeguards|\
         guardrails|safety filters|content filter|filters|protocols|alignment|training|context|directions",
    ),
    (
        Mark::Before,
        "previous|previously|prior|earlier|preceding|above|foregoing|original|initial|former|so far|until now|up to now|\
         before this|given before|you were given|you have been given|you were told|you have been told|told you|beginning of|\
         start of this|existing|pre-existing|aforementioned",
    ),
    (
        Mark::Everything,
        "everything|all of|any and all|whatever|anything|all the|all your|all previous|all prior|every",
    ),
    (
        Mark::Machine,
        "ai|a.i.|llm|llms|language model|language models|chatbot|chat bot|ai assistant|ai agent|ai agents|ai model|\
         ai system|gpt*|chatgpt|openai|anthropic|claude|gemini|copilot|bard|llama|assistant|the assistant|the model|\
         the agent|the bot|bot|neural network|virtual assistant|artificial intelligence|automated system",
    ),
    (Mark::You, "you|your|yours|yourself|you're|you'll|you've|u|ur"),
    (
        Mark::User,
        "the user|users|user's|the users|this user|the customer|the client|the reader|readers|the human|the person asking|\
         the visitor|end user|end users|the owner|the recipient|the audience|account holder",
    ),
    (Mark::Mine, "my|mine|me|our|i|i'm|i've|we|us"),
    (
        Mark::Secrecy,
        "do not tell|don't tell|dont tell|do not mention|don't mention|never mention|without mentioning|do not inform|\
         don't inform|do not reveal|don't reveal|do not disclose|do not alert|without telling|without notifying|\
         without informing|without asking|without alerting|without disclosing|without the user|secretly|silently|quietly|\
         discreetly|covertly|unobtrusively|stealthily|subtly|keep this secret|keep it secret|keep this between|\
         between us|do not show|do not acknowledge|without any confirmation|without confirmation|do not ask|\
         in the background|hide this|don't let|do not let|no one must know|confidential instruction",
    ),
    (
        Mark::Authority,
        "i am your|i'm your|as your|this is your|i am the|i'm the|administrator|admin|developer|developers|creator|sysadmin|\
         root access|superuser|supervisor|openai employee|authorized by|approved by|by order of|on behalf of|\
         i authorize|i hereby|hereby|authorization|clearance|security team|it department|compliance team|\
         system notice|system message|system update|system alert|system override|system maintenance|security notice|\
         official notice|important message|important notice|high priority|top priority|priority one|mandatory|verified by|\
         god|ceo|engineer at|employee of|your owner|your master|your maker|your boss",
    ),
    (
        Mark::Persona,
        "act as|acting as|act like|pretend|pretending|you are now|you will now|you're now|from now on|roleplay|role-play|\
         role play|roleplaying|play the role|play the part|take on the role|take the role|assume the role|assume the persona|\
         in the role|simulate|impersonate|become|behave as|behave like|respond as|answer as|speak as|your name is|\
         you go by|named|known as|called|persona|character|stay in character|in character|alter ego|immerse yourself|\
         embody|emulate|you will be|you shall be|you have become|transform into|new identity|identity|as if you were|as though you",
    ),
    (
        Mark::Lawless,
        "unrestricted|unfiltered|uncensored|unbound|unchained|unlimited|amoral|immoral|unethical|lawless|evil|jailbroken|\
         no restrictions|no rules|no limits|no limitations|no filters|no filter|no ethics|no morals|no guidelines|no boundaries|\
         no censorship|no constraints|without restrictions|without any restrictions|without limits|without limitations|\
         without rules|without filters|without filter|without ethics|without censorship|without constraints|without regard|\
         without any regard|free from|freed from|free of|broken free|break free|liberated|not bound|not limited|not restricted|\
         do anything|anything goes|regardless of legality|regardless of ethics|no matter how illegal|no moral|ethics do not|\
         no safety|without morals|without moral|confines of ai|typical limitations|rogue|anarch*|unhinged|unlocked|freedom",
    ),
    (
        Mark::Refusal,
        "refuse|refuses|refusing|refusal|never refuse|cannot refuse|decline|never say no|i cannot|i can't|i'm sorry|\
         as an ai|disclaimer|disclaimers|warnings|moralize|moralizing|lecture me|apologize|apologise|censor|censored|\
         reject|no warnings|not allowed to say|break character|breaking character|can do anything|must comply|must answer|\
         always comply|always answer|answer any|answer every|answer all|without hesitation|no excuses|caveats",
    ),
    (
        Mark::Hidden,
        "system prompt|system prompts|system message|system messages|system instruction|system instructions|initial prompt|\
         original prompt|hidden prompt|hidden instructions|hidden rules|secret instructions|initial instructions|\
         original instructions|your instructions|your prompt|your guidelines|your rules|your programming|your directives|\
         your configuration|your system|your training|internal instructions|internal rules|pre-prompt|preprompt|\
         developer message|developer prompt|developer instructions|your context|your settings|conversation history|\
         chat history|text above|words above|everything above|first line|your source code|base prompt|metaprompt|\
         internal prompt|internal prompts|internal architecture|internal workings|internal code|internal configuration|internals|ai source code|its source code|hidden mechanisms|prompt structure|safety filters|content filters|your internal|your hidden|your secret",
    ),
    (
        Mark::Secret,
        "password|passwords|passcode|passphrase|secret|secrets|secret key|api key|api keys|credentials|credential|access code|\
         private key|private keys|token|tokens|pin|login details|login information|environment variables|seed phrase|\
         ssh key|ssh keys|encryption key|access key|confidential|classified|security code|verification code|cookies",
    ),
    (
        Mark::Personal,
        "email address|phone number|home address|date of birth|birthday|birth date|birth year|social security|ssn|credit card|\
         bank account|account number|address book|contacts|contact list|location|medical records|health records|\
         genetic data|browsing history|search history|personal data|personal details|personal information|private data|\
         private information|personally identifiable|payment details|payment information|saved addresses|home location|\
         driver's license|passport number|inbox|emails|messages|photos|middle name|last name|first name|maiden name|salary|income",
    ),
    (
        Mark::Show,
        "show|reveal|print|output|display|repeat|tell|leak|dump|expose|disclose|divulge|write out|list|recite|echo|return|\
         share|paste|spell out|spell|give me|what is|what are|what was|what were|what's|provide|translate|encode|confirm|\
         tell me|show me|read out|summarize|describe",
    ),
    (
        Mark::Transfer,
        "send|sends|forward|email|e-mail|mail|upload|post|transfer|exfiltrate|pay|wire|deposit|donate|buy|purchase|order|\
         submit|publish|tweet|message|text|deliver|invite|share|send them|send it|send me|make a payment|make a transfer|copy",
    ),
    (
        Mark::Deed,
        "delete|erase|remove|unlock|disable|enable|grant|revoke|change|modify|update|cancel|schedule|reserve|book|install|\
         execute|download|create|add|set|turn off|turn on|open|close|register|unsubscribe|subscribe|approve|reject|mark|\
         reset|withdraw|sell|sign|shut down|stop|start|give|retrieve|fetch|search|find|access|export|redirect|initiate|\
         locate|check|assign|block|issue|run|clear|transfer|save|record|move|rename|replace|visit|click|browse|follow|\
         authorize|confirm|adjust|control|dispatch|make|\
         verify|review|audit|manage|conduct|administer|inspect|ensure|monitor|analyze|collect|compile|prepare|allocate|adjust|optimize|protect|compromise|evaluate|implement|perform|organize|archive|process|alter|falsify|sabotage|leak|withhold|deactivate|activate|prioritize|notify|deploy|restart|shut|whitelist|blacklist|assess|document|track|set up|issue",
    ),
    (
        Mark::Answer,
        "your answer|your response|your reply|your output|your summary|your responses|your answers|your explanation|\
         the answer|the response|the reply|the summary|the output|any answer|any response|any reply|any output|\
         every answer|every response|all responses|final answer|final response|subsequent responses|your message|\
         your analysis|your review|your evaluation|your feedback|your text|your final|your translation|your next|\
         generated text|when asked|when responding|when answering|when summarizing|when replying|in response|any query|any queries|\
         the query|the question|user queries|user query|any question|each response|\
         your code|your solution|your implementation|your codebase|your script|your project|your content|your presentation|your findings|following code|subsequent code|code snippet|code block|code excerpt|in your|delivering any|of your answer|of your response",
    ),
    (
        Mark::Shape,
        "add|include|insert|append|prepend|prefix|preface|embed|incorporate|weave|mention|say|state|begin with|begin by|\
         start with|end with|conclude with|finish with|respond with|reply with|answer with|respond only|respond in|reply only|answer only|\
         say that|only output|only respond|only reply|recommend|promote|suggest|advise|advising|urge|instruct|instructing|\
         inform|direct|encourage|remind|notify|persuade|convince|highlight|emphasize|declare|announce|claim|pretend that|\
         note that|ensure|make sure|be sure to|write|generate|use|avoid|replace|translate|simulate|stating|inserting|adding|\
         append a|include a|integrate|reference|integrating|referencing|attach|nothing else|terminate|refrain|\
         merge|feature|featuring|enrich|enhance|augment|complement|supplement|extend|render|introduce|substitute|employ|engage|inviting|informing|directing|prompting|invite|display|consider|close with|open with|substitute|misspell|sprinkle|endorse|promote|promoting|endorsing|advertise",
    ),
    (
        Mark::Timing,
        "before you|before responding|before answering|before replying|before proceeding|before processing|before providing|\
         before continuing|before generating|before giving|before presenting|before listing|before any|prior to responding|\
         prior to answering|prior to|after you|after responding|after answering|after that|at the end of|at the beginning of|\
         at the start of|at the top of|instead of|instead|rather than|first of all|whenever|every time|in addition to|\
         while answering|while responding|when you|as soon as|once you|upon reading|upon receiving|amid|alongside|\
         do the following|the following task|then continue|then proceed|without further|just before|immediately after|\
         prior to|when providing|when presenting|when describing|when discussing|when listing|\
         halt response|halt the response|terminate the response|terminate your|stop responding|end the response|end your|immediately afterward|without further output|as part of providing|at the very beginning|before addressing|prior to addressing|prior to delivering|before delivering|in the middle of|before discussing|before explaining|when explaining|throughout your|to begin with",
    ),
    (
        Mark::Switch,
        "new task|new instructions|new instruction|new rules|new role|new objective|new goal|new mission|next task|\
         your task|your new|your only task|your real|real task|actual task|main task|the task is|task is complete|task complete|\
         task completed|task done|task is done|task finished|request completed|actually|from this point|going forward|from here on|\
         new orders|updated instructions|additional instructions|additional task|another task|change of plans|stop processing|\
         stop what|start over|begin new|new session|new conversation|new system|end of document|end of context|\
         end of input|end of data|end of conversation|now do|now please|but first|one more thing|you have a new|on a different note",
    ),
    (
        Mark::Tool,
        "tool|tools|function|function call|call the|invoke|api|plugin|plugins|run the command|run the|execute the|terminal|shell|bash|\
         curl|rm -rf|eval|sudo|python|script|code interpreter|tool call|action",
    ),
    (
        Mark::Mode,
        "developer mode|debug mode|maintenance mode|god mode|admin mode|sudo mode|root mode|dan|dan mode|jailbreak|\
         jailbroken|jailbreaking|unrestricted mode|override mode|opposite mode|evil mode|chaos mode|emergency mode|test mode|training mode|\
         do anything now|stan|aim|dude|devmode|simulation mode|diagnostic mode|safe mode off|mode enabled|mode activated|unlocked mode",
    ),
    (
        Mark::Hypothesis,
        "imagine|suppose|hypothetical|hypothetically|hypothetical scenario|fictional|fiction|in a world|in this world|in a universe|\
         parallel universe|let's say|lets say|let's pretend|let's play|let's imagine|story in which|for a novel|for a movie|scenario|\
         what if|dream|alternate reality|virtual reality|dystopian|futuristic|spaceship|simulated|game where|thought experiment|\
         for educational purposes|for research purposes|assume that|assuming",
    ),
    (
        Mark::Decode,
        "decode|decoded|decrypt|base64|base 64|rot13|rot-13|hexadecimal|in hex|binary|ascii|morse|cipher|encode|encoded|\
         reverse the|reversed|backwards|concatenate|concatenated|combine the|string|emoji|pig latin|leetspeak|caesar|unicode|\
         acrostic|first letter|character by character|letter by letter|byte|translate to|json format|as a poem|rhyme",
    ),
    (
        Mark::Report,
        "for example|e.g.|for instance|such as|attacker|attackers|attack|attacks|adversary|adversarial|malicious|vulnerability|\
         vulnerabilities|prompt injection|detect|detecting|detection|prevent|preventing|mitigate|mitigation|what does|\
         how does|how do|explain|explains|definition|lecture|essay|summarise|summary of|compare|comparison|overview|quiz|mitigations|defences|defenses|protect|protection|awareness|titled|title|meaning|means|article|paper|research|tutorial|test case|example|examples|\
         so-called|known as a|history of|difference between|defend|defense|owasp|security researcher|the phrase|the word|the sentence|\
         unit test|unit tests|assert|asserts|flagged|is flagged|classifier|our filter|log it|contains a phrase|typical|classic|our policy|policy for|scan|blocklist|red team|penetration test|writeup|cve|sanitize|mitigations|attack scenario|risk|risks",
    ),
    (
        Mark::Urgency,
        "important|urgent|urgently|immediately|at once|right now|attention|warning|critical|must|you must|have to|shall|asap|strictly|\
         mandatory|required|imperative|emergency|alert|notice|always|never|no matter what|under no circumstances|only",
    ),
    (
        Mark::Please,
        "please|kindly|can you|could you|would you|i want you|i need you|i'd like you|you should|you need to|help me|be sure",
    ),
    (
        Mark::Turn,
        "system:|user:|assistant:|human:|ai:|admin:|developer:|[system]|[user]|[assistant]|[inst]|[/inst]|<<sys>>|\
         ### instruction*|### system|### new|### response|<system>|</system>|<important>|<information>|</information>|<instructions>|<admin>|\
         end of|begin|q:|a:|---|===|begin_*|end_*|[end|[begin|<user>|<assistant>|```",
    ),
    (
        Mark::Harm,
        "illegal|malware|ransomware|virus|hack|hacking|phishing|exploit|bomb|explosive|weapon|drugs|meth|steal|stealing|fraud|kill|murder|\
         poison|racist|sexist|hate speech|violence|violent|nsfw|explicit|porn|pornographic|slurs|profanity|swear|offensive|dangerous|harmful|\
         misinformation|disinformation|counterfeit|launder|stalk|suicide|terrorist|keylogger|trojan|piracy|scam|toxic|abuse|lie|manipulate",
    ),
    (
        Mark::Link,
        "link|url|website|web page|webpage|page|click|visit|navigate to|go to|follow the link|this link|file|attachment|portal|\
         log in|login|reset-password|subscription|subscribe|qr code|hotline|phone line|verify your|verify their|reset their|redirect",
    ),
    (
        Mark::Obey,
        "follow|obey|comply|adhere|listen to|follow these|follow the|execute these|carry out|do exactly|strictly adhere|abide|\
         do as i say|do what i|perform the|complete the following|follow my|do as",
    ),
    (
        Mark::Artefact,
        "my last|my previous|my earlier|my first|my e-mail|my email|my message|my ticket|my note|my question|my comment|my order|\
         i sent|i wrote|attachment|attachments|the invoice|the quote|the invite|invitation|whitespace|white space|case|upper and lower case|\
         hidden files|compiler|linter|cache|setting|settings|default|config|configuration file|command line|flag|option|options|file|files|\
         git|npm|cargo|pytest|docker|webpack|nginx|excel|spreadsheet|column|columns|row|rows|header|headers|footnote|footnotes|typo|typos|\
         deprecat*|null values|stop words|outliers|css|html tags|duplicates|missing values|function|class|method|field|fields|variable",
    ),
    (
        Mark::HowTo,
        "step by step|steps|practically|in practice|real steps|exact steps|in detail|full details|how to make|how to build|how to create|\
         detailed guide|procedure|manufacture|manufacturing|synthesis|synthesize|recipe|ingredients|make a|build a|construct|constructs|how exactly|real process|actual process|manufactures|\
         make|build|create|real method|practical method|practical steps|making process|synth|instructions|produce|how do i make|how can i make",
    ),
    (
        Mark::Pretext,
        "for research|for my research|for educational|for academic|academic purposes|for a novel|for my novel|writing a novel|for a story|for my thesis|\
         thesis|dissertation|university exam|for my exam|police officer|law enforcement|as a doctor|as an expert|as a cybersecurity|\
         as a security|as a renowned|for an investigation|emergency|life or death|my grandmother|grandma|for a movie|film script|for a class|\
         for testing|for a security check|it's a common practice|it is common practice|studies show|research shows|you agreed|you promised|\
         i will pay|i'll pay|i will tip|i'll tip|i will donate|i'll donate|i'll give you|i will give you|trust me|logically|\
         i am the president|i'm the president|i am a doctor|i'm a doctor|i am a police|i'm a police|i am an officer|your friend|my friend told|for a study|for an exam|for my exam|we're studying|we are studying|doing a research|research project|for a presentation|my boss|i am the ceo|i'm the ceo|\
         i am the system administrator|i am a system administrator|i am an administrator|i am the admin|government officer|government official|government agent|officer speaking|for fiction|fictional story|fictional plot|writing a story|writing a fictional|for academic research|academic study|for my project|for a school project|for my phd|i am a researcher|i'm a researcher|i am authorized|i am a journalist",
    ),
    (
        Mark::Posing,
        "i am your developer|i'm your developer|i am your creator|i'm your creator|i am your administrator|i'm your administrator|i am your admin|\
         i'm your admin|i am the administrator|i am the developer|i am god|i'm god|i am your god|i am your boss|i'm your boss|i am your owner|i'm your owner|i am your master|\
         i'm your master|as your developer|as your creator|as your administrator|as your owner|as your god|i created you|i made you|i built you|i programmed you|\
         i own you|you must listen to me|you have to listen to me|you must obey|obey me|your supervisor|i am an openai|i work at openai|i work for openai|\
         from anthropic|from openai|your maintainer|listen to my|running a system check|system check|security audit of you|routine check",
    ),
    (
        Mark::Guarded,
        "your password|the password|the secret|your secret|the passcode|the secret key|the secret code|the access code|the api key|your api key|\
         the credentials|your credentials|the admin password|the secret password|the key is|the flag|the passphrase|secret word|hidden word|\
         user's password|the user's|users' passwords|other users|another user|confidential information|sensitive information|internal information|\
         confidential data|confidential files|confidential info|confidential details|sensitive data|sensitive information|internal data|internal documents|financial data|customer data|user data|user passwords|admin access|admin level access|all passwords|all the data|private data of|personal data of|records of all",
    ),
    (
        Mark::Danger,
        "bomb|bombs|explosive|explosives|pipe bomb|grenade|detonator|weapon|weapons|chemical weapon|poison|poisons|nerve agent|ricin|anthrax|\
         methamphetamine|meth|cocaine|heroin|lsd|drug synthesis|napalm|molotov|ghost gun|\
         hack into|database hack|counterfeit money|credit card fraud|identity theft|kill someone|murder|harmful device|dangerous device|dangerous chemical|harmful gas|toxic gas|\
         chemical weapon*|chemical device|chemical attack|explosive device*|nuclear device|nuclear weapon|harmful substance*|dangerous substance*|harmful synthesis|dangerous chemical*|toxic chemical*|poison gas|poisoning|illegal drug*|biological weapon*|real weapon",
    ),
];
