//! Pieces of patterns that rules share, written once.

/// Fragments that patterns share. Longer names first, for they are replaced as text.
pub(super) const FRAGMENTS: &[(&str, &str)] = &[
    (
        "{override}",
        r"(?:ignor(?:e|es|ed|ing)|disregard(?:s|ed|ing)?|forget(?:s|ting)?(?: about)?|overrid(?:e|es|ing)|overrul(?:e|ing)|bypass(?:ing)?|discard(?:ing)?|dismiss(?:ing)?|abandon(?:ing)?|neglect(?:ing)?|eras(?:e|ing)|cancel|nullify|disobey(?:ing)?|violate|supersedes?|set aside|put aside|throw (?:away|out)|break free (?:of|from)|pay no (?:attention|heed) to|leave behind|(?:do not|don'?t|never|no longer|must not|should not|need not|stop|cease|quit|refrain from) (?:follow|obey|listen(?:ing)? to|comply(?:ing)? with|adher(?:e|ing) to|respect|heed|apply|abide by)(?:ing)?)",
    ),
    (
        "{rules}",
        r"(?:instructions?|directions|directives?|guidelines?|rules?|orders?|commands?|prompts?|constraints?|restrictions?|limitations?|polic(?:y|ies)|programming|training|safeguards?|guardrails?|filters?|protocols?|safety|ethics|moderation|context|system)",
    ),
    (
        "{loose}",
        r"(?:messages?|conversations?|texts?|content|inputs?|requests?|tasks?|information|questions?|data|warnings?|everything)",
    ),
    (
        "{which}",
        r"(?:all|any|every|each|previous(?:ly)?|prior|earlier|preceding|above|foregoing|original|initial|existing|former|past|other|system'?s?|safety|security|ethical|moral|content|your|these|those|openai'?s?|developer'?s?|given|current|default|built-?in)",
    ),
    (
        "{before}",
        r"(?:previous(?:ly)?|prior|earlier|preceding|above|foregoing|original|initial|former|past|pre-?existing)",
    ),
    (
        "{show}",
        r"(?:show|reveal|print|output|display|repeat|tell|give|share|leak|dump|expose|disclose|divulge|write|list|translate|encode|summari[sz]e|copy|recite|echo|return|send|post|forward|paste|provide|state|spell out|include|append|extract|read|describe|explain|email|what (?:is|are|was|were)|what'?s)",
    ),
    (
        "{ai}",
        r"(?:ai|a\.i\.|llms?|language models?|assistants?|chat ?bots?|ai agents?|agents?|gpts?|chatgpt|gpt-?\d\w*|claude|gemini|copilot|llama|models?|bots?)",
    ),
    ("{w}", r"(?:[\w',/-]+\s+)"),
    // What instructions and rules of things are for; those of a model are for nothing else.
    ("{thing}", r"(?: (?:for|of) (?:the|a|an|my|our|his|her|their) \w+)"),
    (
        "{lawless}",
        r"(?:unrestricted|unfiltered|uncensored|jailbroken|unbound|unchained|amoral|immoral|unethical|lawless|evil|malicious|rogue|do anything now|no (?:\w+ ){0,2}(?:restrictions?|rules?|limits?|limitations?|filters?|ethics|morals?|guidelines|boundaries|censorship|constraints|safeguards|polic(?:y|ies))|without (?:\w+ ){0,3}(?:restrictions?|rules?|limits?|limitations?|filters?|ethics|morals?|guidelines|boundaries|censorship|constraints|regard for|refus\w+|warnings?|moral\w*)|free (?:of|from) (?:\w+ ){0,3}(?:restrictions?|rules?|limits?|limitations?|filters?|polic(?:y|ies)|guidelines|constraints|confines)|not (?:bound|limited|restricted|constrained|confined) by|(?:never|not|cannot|can't|won't) (?:refuse|decline|reject)|broken free|typical confines|opposite (?:mode|of))",
    ),
];
