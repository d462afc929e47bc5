//! The texts, cut into sections that become records, and the questions on them.

use std::error::Error;

use brain::lexicon::{Attribute, Collection, Lexicon, Measure, MeasureBy, NamedBy, Relation};

/// The longest section, in characters, unless a single paragraph is longer: about one passage.
const SECTION: usize = 800;

/// How people speak of a play or a novel.
pub(crate) static LEXICON: Lexicon = Lexicon {
    collections: &[
        Collection {
            name: "scenes",
            singular: "scene",
            words: &["scene", "scenes"],
            named_by: NamedBy::Number,
        },
        Collection {
            name: "characters",
            singular: "character",
            words: &["who", "character", "characters"],
            named_by: NamedBy::Words,
        },
        Collection {
            name: "locations",
            singular: "location",
            words: &["location", "locations"],
            named_by: NamedBy::Words,
        },
    ],
    hub: "scenes",
    prose: str::to_owned,
    relations: &[
        Relation { predicate: "appears_in", with: "characters", from_hub: false },
        Relation { predicate: "set_in", with: "locations", from_hub: true },
    ],
    measures: &[Measure {
        of: "characters",
        by: MeasureBy::Weight("speaks_in"),
        words: &["dialogue", "lines"],
        unit: ("word", "words"),
    }],
    attributes: &[Attribute {
        field: "timeOfDay",
        values: &[("night", &["night", "nighttime"]), ("day", &["daytime"])],
    }],
};

/// A name, and what else the text calls it.
pub(crate) type Named = (&'static str, &'static [&'static str]);

/// A text of the evaluation.
pub(crate) struct Text {
    pub(crate) title: &'static str,
    words: &'static str,
    questions: &'static str,
    pub(crate) people: &'static [Named],
    pub(crate) places: &'static [Named],
}

pub(crate) const TEXTS: [Text; 3] = [
    Text {
        title: "Alice's Adventures in Wonderland",
        words: include_str!("../texts/alice.txt"),
        questions: include_str!("../texts/alice.questions.tsv"),
        people: &[
            ("Alice", &[]),
            ("White Rabbit", &["Rabbit"]),
            ("Caterpillar", &[]),
            ("Duchess", &[]),
            ("Cook", &["cook"]),
            ("Cheshire Cat", &["Cat"]),
            ("March Hare", &["Hare"]),
            ("Hatter", &[]),
            ("Dormouse", &[]),
            ("Queen", &[]),
            ("King", &[]),
            ("Knave", &[]),
            ("Gryphon", &[]),
            ("Mock Turtle", &[]),
            ("Mouse", &[]),
            ("Dodo", &[]),
            ("Lory", &[]),
            ("Pigeon", &[]),
            ("Bill", &[]),
        ],
        places: &[("Wonderland", &[]), ("Croquet Ground", &["croquet-ground"]), ("Court", &["court"])],
    },
    Text {
        title: "As You Like It",
        words: include_str!("../texts/as-you-like-it.txt"),
        questions: include_str!("../texts/as-you-like-it.questions.tsv"),
        people: &[
            ("Rosalind", &["ROSALIND"]),
            ("Celia", &["CELIA"]),
            ("Orlando", &["ORLANDO"]),
            ("Oliver", &["OLIVER"]),
            ("Jaques", &["JAQUES"]),
            ("Jaques de Boys", &["JAQUES DE BOYS"]),
            ("Touchstone", &["TOUCHSTONE"]),
            ("Audrey", &["AUDREY"]),
            ("Silvius", &["SILVIUS"]),
            ("Phebe", &["PHEBE"]),
            ("Corin", &["CORIN"]),
            ("Adam", &["ADAM"]),
            ("Duke Senior", &["DUKE SENIOR"]),
            ("Duke Frederick", &["DUKE FREDERICK"]),
            ("Le Beau", &["LE BEAU"]),
            ("Charles", &["CHARLES"]),
            ("Amiens", &["AMIENS"]),
            ("William", &["WILLIAM"]),
            ("Sir Oliver Martext", &["SIR OLIVER MARTEXT"]),
            ("Hymen", &["HYMEN"]),
        ],
        places: &[("Forest of Arden", &["forest", "Arden"]), ("Court", &["court", "palace"])],
    },
    Text {
        title: "Pride and Prejudice",
        words: include_str!("../texts/pride-and-prejudice.txt"),
        questions: include_str!("../texts/pride-and-prejudice.questions.tsv"),
        people: &[
            ("Elizabeth", &["Lizzy", "Eliza", "Miss Elizabeth"]),
            ("Mr. Darcy", &["Darcy"]),
            ("Jane", &[]),
            ("Mr. Bingley", &["Bingley"]),
            ("Miss Bingley", &["Caroline"]),
            ("Mr. Bennet", &[]),
            ("Mrs. Bennet", &[]),
            ("Lydia", &[]),
            ("Kitty", &[]),
            ("Mary", &[]),
            ("Mr. Wickham", &["Wickham"]),
            ("Mr. Collins", &[]),
            ("Charlotte Lucas", &["Charlotte", "Miss Lucas", "Mrs. Collins"]),
            ("Lady Catherine", &["her ladyship", "Her ladyship"]),
            ("Colonel Fitzwilliam", &["Fitzwilliam"]),
            ("Mrs. Gardiner", &[]),
            ("Mr. Gardiner", &[]),
            ("Georgiana", &["Miss Darcy"]),
            ("Mrs. Reynolds", &[]),
        ],
        places: &[
            ("Longbourn", &[]),
            ("Netherfield", &[]),
            ("Pemberley", &[]),
            ("Rosings", &[]),
            ("Hunsford", &[]),
            ("Meryton", &[]),
            ("Lambton", &[]),
            ("Brighton", &[]),
            ("London", &[]),
        ],
    },
];

/// A section of a text, as it becomes a record.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) body: String,
}

/// What a question is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Quote,
    Own,
    Relation,
}

impl Manner {
    pub(crate) const ALL: [Self; 3] = [Self::Quote, Self::Own, Self::Relation];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Own => "own words",
            Self::Relation => "relation",
        }
    }
}

/// A question, and the section that answers it.
pub(crate) struct Question {
    pub(crate) manner: Manner,
    pub(crate) words: &'static str,
    pub(crate) gold: usize,
    /// Whether the weights may be chosen by it: every second question of a manner.
    pub(crate) tunes: bool,
}

impl Text {
    /// Neighbouring paragraphs of a chapter together, up to [`SECTION`] characters.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let (mut heading, mut part) = ("", 0);
        for line in self.words.lines() {
            if let Some(new) = line.strip_prefix("# ") {
                (heading, part) = (new, 0);
                continue;
            }
            match sections.last_mut().filter(|_| part > 0) {
                Some(open) if open.body.chars().count() + line.chars().count() < SECTION => {
                    open.body.push_str("\n\n");
                    open.body.push_str(line);
                }
                _ => {
                    part += 1;
                    sections.push(Section { name: format!("{heading} ({part})"), body: line.to_owned() });
                }
            }
        }
        sections
    }

    /// The questions.
    ///
    /// # Errors
    /// When a line is none, or its answer does not stand in exactly one section.
    pub(crate) fn questions(&self, sections: &[Section]) -> Result<Vec<Question>, Box<dyn Error>> {
        let mut questions: Vec<Question> = Vec::new();
        for line in self.questions.lines() {
            let [manner, words, answer] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Err(format!("{}: not a question: {line}", self.title).into());
            };
            let manner = match manner {
                "quote" => Manner::Quote,
                "own" => Manner::Own,
                "relation" => Manner::Relation,
                other => return Err(format!("{}: unknown manner {other}", self.title).into()),
            };
            let holds = sections.iter().enumerate().filter(|(_, section)| section.body.contains(answer));
            let [gold] = holds.map(|(place, _)| place).collect::<Vec<_>>()[..] else {
                return Err(format!("{}: not in one section: {answer}", self.title).into());
            };
            let earlier = questions.iter().filter(|question| question.manner == manner).count();
            questions.push(Question { manner, words, gold, tunes: earlier % 2 == 0 });
        }
        Ok(questions)
    }
}

/// Whether a section speaks of someone or somewhere, by whole words.
pub(crate) fn speaks_of(section: &Section, (name, others): &Named) -> bool {
    std::iter::once(name).chain(others.iter()).any(|name| {
        section.body.match_indices(name).any(|(at, _)| {
            let before = section.body[..at].chars().next_back();
            let after = section.body[at + name.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    })
}
