//! English words that say little about what a text is about.
//!
//! They stand in for the inverse document frequency, which a code made from one text alone cannot
//! know: function words, and the most common verbs, nouns and adverbs of everyday language.

/// Whether this lower-case word is a function word: an article, a pronoun, a preposition, an
/// auxiliary, or a fragment that an apostrophe leaves.
pub(super) fn is_function_word(word: &str) -> bool {
    word.len() <= BYTES_MAX && FUNCTION_WORDS.binary_search(&word).is_ok()
}

/// Whether this lower-case word is one of the most common other words.
pub(super) fn is_common_word(word: &str) -> bool {
    word.len() <= BYTES_MAX && COMMON_WORDS.binary_search(&word).is_ok()
}

/// The length of the longest listed word; longer words need no search.
const BYTES_MAX: usize = 10;

/// Function words, ascending.
#[rustfmt::skip]
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "above", "across", "after", "again", "against", "ain", "all", "along", "also", "although",
    "am", "among", "an", "and", "any", "are", "aren", "as", "at", "be", "because", "been", "before", "being",
    "below", "between", "beyond", "both", "but", "by", "can", "cannot", "could", "couldn", "d", "did", "didn",
    "do", "does", "doesn", "doing", "don", "done", "down", "during", "each", "few", "for", "from", "had",
    "hadn", "has", "hasn", "have", "haven", "having", "he", "hello", "her", "here", "hers", "herself", "hey",
    "hi", "him", "himself", "his", "how", "i", "if", "in", "into", "is", "isn", "it", "its", "itself", "just",
    "ll", "m", "me", "might", "mine", "more", "most", "must", "my", "myself", "no", "nor", "not", "of", "off",
    "oh", "ok", "okay", "on", "once", "only", "onto", "or", "other", "our", "ours", "ourselves", "out",
    "over", "own", "re", "s", "same", "shall", "she", "should", "shouldn", "so", "some", "such", "t", "than",
    "that", "the", "their", "theirs", "them", "themselves", "then", "there", "these", "they", "this", "those",
    "though", "through", "to", "too", "toward", "towards", "under", "until", "up", "upon", "us", "ve", "very",
    "was", "wasn", "we", "were", "weren", "what", "whatever", "when", "whenever", "where", "wherever",
    "which", "whichever", "while", "who", "whoever", "whom", "whose", "why", "will", "with", "within",
    "without", "won", "would", "wouldn", "wow", "yeah", "yes", "you", "your", "yours", "yourself",
];

/// Common words, ascending.
#[rustfmt::skip]
const COMMON_WORDS: &[&str] = &[
    "able", "actually", "ago", "almost", "already", "always", "another", "anybody", "anyone", "anything",
    "around", "away", "back", "big", "bit", "came", "come", "comes", "coming", "day", "days", "either",
    "else", "enough", "even", "ever", "every", "everybody", "everyone", "everything", "feel", "feeling",
    "feels", "felt", "find", "finds", "first", "found", "gave", "get", "gets", "getting", "give", "given",
    "gives", "giving", "go", "goes", "going", "gone", "good", "got", "great", "however", "keep", "keeps",
    "kept", "kind", "knew", "know", "known", "knows", "last", "let", "lets", "like", "liked", "likes",
    "little", "long", "look", "looked", "looking", "looks", "lot", "lots", "made", "make", "makes", "making",
    "many", "may", "maybe", "mean", "means", "meant", "much", "nd", "need", "needed", "needs", "neither",
    "never", "new", "next", "nice", "nobody", "nothing", "now", "often", "one", "ones", "people", "per",
    "perhaps", "person", "pm", "pretty", "probably", "put", "puts", "quite", "rd", "really", "said", "saw",
    "say", "saying", "says", "see", "seeing", "seem", "seemed", "seems", "seen", "sees", "since", "somebody",
    "someone", "something", "sometimes", "sort", "st", "still", "sure", "take", "taken", "takes", "taking",
    "tell", "tells", "th", "thing", "things", "think", "thinking", "thinks", "thought", "time", "times",
    "today", "told", "took", "tried", "tries", "try", "trying", "two", "use", "used", "uses", "using", "via",
    "want", "wanted", "wants", "way", "ways", "well", "went", "whether", "year", "years", "yet",
];

const _: () =
    assert!(are_searchable(FUNCTION_WORDS) && are_searchable(COMMON_WORDS), "a list is not searchable");

/// Whether the words are ascending and not too long.
const fn are_searchable(words: &[&str]) -> bool {
    let mut index = 0;
    while index < words.len() {
        let ascends = index == 0 || is_less(words[index - 1].as_bytes(), words[index].as_bytes());
        if !ascends || words[index].len() > BYTES_MAX {
            return false;
        }
        index += 1;
    }
    true
}

const fn is_less(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return left[index] < right[index];
        }
        index += 1;
    }
    left.len() < right.len()
}
