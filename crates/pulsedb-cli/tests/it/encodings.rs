//! Files as they come: encodings, line ends, binary, empty, huge.

use crate::shell::Shell;

#[test]
fn texts_in_any_encoding_are_read_and_binary_ones_passed_over() {
    let shell = Shell::new();
    shell.write("bom.txt", b"\xef\xbb\xbfmarked\r\nline\r\n");
    shell.write("latin.txt", b"caf\xe9 cr\xe8me");
    shell.write("utf16.txt", b"\xff\xfeh\0i\0 \0\xe9\0");
    shell.write("emoji.txt", "\u{1f980} \u{65e5}\u{672c}\u{8a9e}");
    shell.write("nul.txt", b"a\0b");
    shell.write("image.png", (0..=255).collect::<Vec<u8>>());
    shell.write("empty.md", b"");
    shell.write("blank.md", b" \r\n\t\n");
    let summary = shell.json(["import", ".", "--json"]);
    assert_eq!(summary["files"], 8);
    assert_eq!(
        (summary["skipped"]["binary"].as_u64(), summary["skipped"]["empty"].as_u64()),
        (Some(2), Some(2))
    );
    assert_eq!(
        shell.contents(),
        ["marked\nline", "\u{1f980} \u{65e5}\u{672c}\u{8a9e}", "caf\u{e9} cr\u{e8}me", "hi \u{e9}"]
    );
}

#[test]
fn huge_line_is_cut_and_huge_file_is_passed_over_unless_named() {
    let shell = Shell::new();
    shell.write("line.txt", "\u{e9}".repeat(200_000));
    shell.write("huge.txt", "word ".repeat(1_000_000));
    let summary = shell.json(["import", ".", "--json"]);
    assert_eq!((summary["files"].as_u64(), summary["skipped"]["too_large"].as_u64()), (Some(1), Some(1)));
    let contents = shell.contents();
    assert_eq!(contents.concat(), "\u{e9}".repeat(200_000));
    assert!(contents.iter().all(|content| content.len() <= 1400));
    let summary = shell.json(["import", "huge.txt", "--json"]);
    assert!(summary["records"]["added"].as_u64() > Some(4000));
}
