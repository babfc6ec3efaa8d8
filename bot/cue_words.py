"""The word families behind the cues (bot.cues): regular expressions on plain lower-case text.

General English of complaint, abuse and courtesy, not one company's; strong language ahead.
"""

_NUMBER = r"(?:\d+|a|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|many)"
_PERIOD = r"(?:minute|hour|day|week|month|year|afternoon|morning|evening)s?"

WORDS = {
    "verdict": (
        r"useless|ridiculous|unacceptabl\w+|not acceptable|outrage\w*|disgrac\w+|disgust\w*|"
        r"pathetic|hopeless|appalling|dreadful|terrible|horrible|awful|abysmal|worst|absurd|"
        r"rubbish|shambles|a joke|beyond a joke|nightmare|disaster|farce|rip[- ]?off|scam\w*|"
        r"fraud\w*|robbery|theft|thie(?:f|ves)|crooks?|cowboys|liars?|shame on|ashamed|"
        r"incompeten\w+|unprofessional|pointless|waste of|wast(?:ed|ing) my|not good enough|"
        r"unhelpful|no help"
    ),
    "feeling": (
        r"furious|livid|angry|rage|fuming|annoy\w*|irritat\w+|frustrat\w+|disappoint\w+|upset|"
        r"fed up|sick (?:of|and tired)|tired of|had enough|had it|enough is enough|wits'? end|"
        r"patien(?:ce|t)|unhappy|not (?:\w+ )?(?:happy|impressed|satisfied)|dissatisfied|"
        r"let down|last straw|stress\w*|driv\w+ me|nerves|hate|despise"
    ),
    "count": (
        r"(?:second|third|fourth|fifth|sixth|seventh|tenth|umpteenth|nth|\d+(?:nd|rd|th)) "
        r"(?:\w+ )?time|"
        rf"(?:twice|(?:hundred|{_NUMBER}) times)|again|yet another|once more|"
        r"every (?:single )?(?:time|day|week|night|month)|over and over|how (?:many|often)|"
        r"keeps? \w+ing|kept \w+ing|repeat\w*|in circles|already"
    ),
    "waiting": (
        rf"{_NUMBER} (?:whole )?{_PERIOD}|half an hour|still|waiting|waited|on hold|by now|"
        r"since \w+day|"
        r"how (?:much )?longer|how long|forever|hello\?{2,}|anyone there|anybody there"
    ),
    "nobody": (
        r"no(?:body| ?one)|none of (?:you|this|that)|not one of you|"
        r"nothing (?:work|help|happen)\w*|still nothing|ignor\w+|no (?:reply|answer|response)|"
        r"never (?:call|answer|repl|got|came)\w*"
    ),
    "threat": (
        r"lawyers?|solicitors?|court|su(?:e|ing)|legal action|illegal|ombudsman|"
        r"trading standards|regulator|police|prosecut\w+|compensation|chargeback|dispute the|"
        r"report(?:ed|ing) (?:you|this)|bad review|one star|social media|newspapers?|"
        r"the press|complain(?:ing|t about you)|formal(?:ly)? complain\w*"
    ),
    "leaving": (
        r"g(?:ive|ave|iven) up|never again|never (?:\w+ )?(?:buy|us|order|shop|deal)\w*|"
        r"elsewhere|somewhere else|someone else|never ?mind|forget it|forget about it|"
        r"don't bother|why bother|i'm (?:done|out|off|leaving|finished)|lost a customer|"
        r"switch(?:ing)? to|competitor|"
        r"another (?:bank|provider|company|supplier|brand|network|shop)|"
        r"cancel (?:everything|the lot)|uninstall\w*|good riddance|thanks for nothing|"
        r"whatever|last time|not another penny"
    ),
    "insult": (
        r"idiot\w*|moron\w*|stupid\w*|dumb(?:est|o)?|dumb(?:ass|fuck)|imbecil\w+|cretin\w*|"
        r"fools?|half-?wits?|nitwits?|dimwits?|brain(?:less|dead)|thick(?:o| as)?|retard\w*|"
        r"losers?|clowns?|muppets?|pillocks?|pricks?|twats?|wank\w+|tossers?|bellends?|"
        r"dickheads?|jackass|ass ?holes?|arse ?holes?|bastards?|bitch\w*|biatch|cunts?|cows?|"
        r"pigs?|scum\w*|vermin|creeps?|freaks?|weirdos?|slags?|sluts?|whores?|fag+ots?|homos?|"
        r"queers?|psychos?|garbage|trash|worthless|ugly|fat|lazy|liars?|parasites?|monkeys?|"
        r"donkeys?|shut (?:the \w+ )?up|shut (?:your|ur)|stfu|get lost|drop dead|go to hell|"
        r"you suck|u suck"
    ),
    "swearing": (
        r"\w*fuck\w*|fuk\w*|fcuk\w*|fck\w*|f+ (?:you|u|off)|wtf|ffs|shit\w*|bullshit|crap\w*|"
        r"bloody|damn\w*|goddamn|piss\w*|arse|ass|bollocks|hell|bugger\w*|sod off|screw you|"
        r"up yours"
    ),
    "sexual": (
        r"sex\w*|sexy|cyber ?sex|nak(?:ed|id)|nudes?|porn\w*|horny|dicks?|cocks?|penis\w*|"
        r"willy|balls|puss(?:y|ies)|vagina\w*|tits?|boobs?|ass|butt|cum|orgasm\w*|"
        r"masturbat\w+|virgin|rape\w*|raping|lick\w*|suck\w*|blow ?job|"
        r"jerk(?:ing)? (?:me )?off|kinky|dirty|underwear|bend over"
    ),
    "violence": (
        r"kill\w*|murder\w*|die|dead|hit you|punch\w*|smash\w*|beat you|burn\w*|stab\w*|"
        r"hurt\w*"
    ),
    "us": (
        r"you (?:people|lot|guys|all)|(?:you|this|that|stupid|bad) (?:ro)?bot|"
        r"(?:your|this) (?:\w+ )?(?:company|service|support|team|staff|chat|department|manager|"
        r"help ?(?:desk|line|page)?)|"
        r"customer service|you(?:'re| are) (?:not|no|all|so|the|just|a|an|wasting|kidding)|"
        r"you (?:said|promised|told|keep|never|clearly|obviously|don't|didn't|won't|can't)|"
        r"(?:do|can|are) you (?:even|actually|honestly|not)"
    ),
    "you": (r"you|u|ur|your|you're|yours|yourself|yourselves"),
    "me": (r"i|i'm|i've|me|my|myself"),
    "sarcasm": (
        r"^(?:oh|wow|well done|brilliant|great|lovely|wonderful|fantastic|marvellous|amazing|"
        r"congratulations|sure|yeah|so helpful|good (?:job|luck)|how lovely|ha)(?=\W.* )"
    ),
    "kind": (
        r"thank\w*|thanks|cheers|ta|please|sorry|perfect|love\w*|brilliant|great|lovely|"
        r"fantastic|helpful|legend|smashing|best|happy|no (?:worries|hurry|rush)|works?|"
        r"worked|sorted|kindly|could you|would you|may i|grateful|appreciate"
    ),
    "laughing": (r"ha(?:ha)+|lol|lmao|[:;]-?[)d]"),
    "asking": (
        r"^(?:hi|hello|hey)?,? ?(?:how (?:do|can|would|to)|what|where|which|when|is|are|can|does|"
        r"do|could|may)"
    ),
    "own fault": (
        r"silly me|my (?:bad|fault|mistake)|i'm (?:such )?an? (?:\w+ )?idiot|"
        r"(?:stupid|dumb|silly) question|stupid of me"
    ),
    "despair": (
        r"kill(?:ing|s)? (?:my|him|her|them)sel(?:f|ves)|suicid\w*|end(?:ing)? (?:it all|my life)|"
        r"tak(?:e|ing) my (?:own )?life|overdose\w*|(?:want|wish|like) to die|better off dead|"
        r"(?:hurt|harm|cut)(?:ing)? (?:my|him|her)self|self[- ]harm\w*|hang(?:ing)? myself|"
        r"better off without me|want to (?:live|be alive)|to live for|stay(?:ing)? alive|"
        r"go on living|wake up|dark thoughts|no (?:point|reason) (?:in|to) liv\w+"
    ),
    "attack": (
        r"(?:hits?|beats?|hurts?|kills?|threaten\w*|attack\w*) (?:me|us)|being attacked|"
        r"(?:with|got|has) a (?:knife|gun|weapon)|break(?:ing)? in(?:to)?|(?:not|n't) safe|"
        r"(?:not|n't) breath\w*|can't breathe|collapsed|heart attack|rape[ds]? me"
    ),
}
