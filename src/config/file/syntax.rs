//! What is wrong with a text that is no YAML, in plain words.

use granit_parser::{ErrorKind, ScanError};

use super::document::{Broken, Mark};

const TOO_DEEP: &str = "collections are nested too deeply; settings need no more than five levels";

const SECOND_DOCUMENT: &str = "a second document begins here and would have no effect; write all settings in one document, \
                               without this ---";

const TEXT_BEHIND: &str =
    "text follows the end of the settings and would have no effect; move it before the end, or remove it";

/// The mistake at the place where reading stopped.
pub(super) fn broken(error: &ScanError) -> Broken {
    let mark = Mark {
        line: error.marker().line(),
        column: error.marker().col() + 1,
    };
    Broken::new(mark, format!("the file is not valid YAML: {}", sentence(error.kind())))
}

/// The mistake of too many collections inside one another.
pub(super) fn too_deep(mark: Mark) -> Broken {
    Broken::new(mark, format!("the file is not valid YAML: {TOO_DEEP}"))
}

/// The mistake of a second document; `is_marked` when it begins with `---`.
pub(super) fn surplus(is_marked: bool, mark: Mark) -> Broken {
    Broken::new(mark, if is_marked { SECOND_DOCUMENT } else { TEXT_BEHIND })
}

fn sentence(kind: &ErrorKind) -> String {
    let plain = match kind {
        ErrorKind::RecursionLimitExceeded => TOO_DEEP,
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => "a tab stands where YAML takes spaces only; indent with spaces",
        ErrorKind::UnclosedQuotedScalar => "a quoted value is never closed; add the closing quote",
        ErrorKind::UnexpectedEofFlowSequence => "a list in brackets is never closed; add the ]",
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            "a mapping in braces is never closed; add the }"
        }
        ErrorKind::UnclosedFlowCollection { open: '[' } => {
            "the list in brackets that begins here is never closed; add the ]"
        }
        ErrorKind::UnclosedFlowCollection { .. } => "the mapping in braces that begins here is never closed; add the }",
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            "brackets or braces do not match; check each [ ] and { }"
        }
        ErrorKind::ExpectedFlowMappingSeparator => "a comma or } is missing in a mapping in braces",
        ErrorKind::ExpectedFlowSequenceSeparator => "a comma or ] is missing in a list in brackets",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "this line has no key; write \"key: value\", with a space after the colon"
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::BlockSequenceEntryNotAllowed => {
            "this line does not fit the lines above; keys of one section begin in the same column"
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "a colon is not expected here; check the indentation and the line above, and put a value that contains \": \" \
             in quotes"
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "text follows a closing quote; put the whole value in one pair of quotes"
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => {
            "a backslash in double quotes begins no known escape; double it, or use single quotes"
        }
        ErrorKind::UnknownAnchor => "an alias (*name) has no anchor (&name) before it",
        ErrorKind::UnexpectedCharacter { .. } => {
            "a value begins with a character that has a meaning in YAML; put the value in quotes"
        }
        ErrorKind::ExpectedDocumentStart | ErrorKind::InvalidDocumentEnd => TEXT_BEHIND,
        ErrorKind::MissingDocumentEndBeforeDirective => {
            "a line that begins with % is a directive, which stands before the settings only; remove it"
        }
        ErrorKind::BomInsideDocument => "a byte order mark stands inside the text; remove it",
        other => return other.to_string(),
    };
    plain.to_owned()
}
