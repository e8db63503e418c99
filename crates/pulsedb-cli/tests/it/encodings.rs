//! Files as they come: encodings, line ends, binary, empty, huge.

use crate::shell::{Shell, failure, text_of};

#[test]
fn texts_in_any_encoding_are_read_and_binary_ones_skipped() {
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
fn huge_line_is_cut_and_huge_file_is_skipped_unless_named() {
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

/// A summary that an import with problems prints.
fn partial(shell: &Shell, arguments: &[&str]) -> (serde_json::Value, String) {
    let output = shell.run(["import", "--json"].iter().chain(arguments));
    let message = failure(&output, 1);
    (serde_json::from_slice(&output.stdout).unwrap(), message)
}

#[test]
fn torn_bytes_of_a_note_are_replaced_and_their_place_is_named() {
    let shell = Shell::new();
    let line = "Z\u{e4}hler steht im Keller. Gr\u{f6}\u{df}e: 3 m\u{b2}.\n".repeat(3);
    shell.write("torn.md", [b"# Haus\n\n", line.as_bytes(), b"Das Schlo\xc3"].concat());
    let (summary, message) = partial(&shell, &["torn.md"]);
    assert_eq!(summary["records"]["added"], 1);
    assert!(message.contains("torn.md:6: 1 byte at offset"), "{message}");
    let content = &shell.contents()[0];
    assert!(content.contains("Z\u{e4}hler") && content.ends_with("Das Schlo\u{fffd}"), "{content}");
}

#[test]
fn older_encoding_is_read_and_named() {
    let shell = Shell::new();
    shell.write("cp1252.txt", b"The tenant said \x93no cats\x94 \x97 it\x92s in \xa7 7, \x80 20 fee");
    let text = shell.ok(["import", "cp1252.txt"]);
    assert!(text.contains("read as windows-1252: 1 file, such as cp1252.txt"), "{text}");
    assert_eq!(
        shell.contents(),
        ["The tenant said \u{201c}no cats\u{201d} \u{2014} it\u{2019}s in \u{a7} 7, \u{20ac} 20 fee"]
    );
    shell.write("lines.jsonl", b"{\"content\":\"caf\xe9\"}\n{\"content\":\"na\xefve\"}\n");
    let summary = shell.json(["import", "lines.jsonl", "--json"]);
    assert_eq!(summary["encodings"]["windows-1252"][0], "lines.jsonl");
    assert_eq!(shell.contents()[1..], ["caf\u{e9}", "na\u{ef}ve"]);
}

#[test]
fn utf_16_is_read_alike_in_every_format() {
    let shell = Shell::new();
    let wide = |text: &str| -> Vec<u8> {
        [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    };
    shell.write("lines.jsonl", wide("{\"content\":\"line \u{e9}\"}\r\n"));
    shell.write("chat.json", wide("[{\"role\":\"user\",\"content\":\"turn \u{e9}\"}]"));
    shell.write("note.md", wide("# T\r\n\r\nnote \u{e9}\r\n"));
    shell.ok(["import", "."]);
    let lines = wide("{\"content\":\"stream \u{e9}\"}\n");
    text_of(&shell.run_with(["import", "-", "--format", "jsonl"], lines));
    text_of(&shell.run_with(["record", "-"], wide("spoken \u{e9}\r\n")));
    assert_eq!(
        shell.contents(),
        ["turn \u{e9}", "line \u{e9}", "T\n\nnote \u{e9}", "stream \u{e9}", "spoken \u{e9}"]
    );
}

#[test]
fn note_with_unreadable_places_loses_none_of_its_records() {
    let shell = Shell::new();
    let body = "## One\n\nfirst \u{e9}\n\n## Two\n\nsecond\n";
    shell.write("tree/a.md", body);
    shell.ok(["import", "tree"]);
    let kept = shell.contents();
    let damages: [Vec<u8>; 4] = [
        [body.as_bytes(), &[0; 512]].concat(),
        b"## One\n\nfirst \xc3\xa9\xc3\xa9 \xc3\n".to_vec(),
        vec![0; 300],
        [b"\x01\x02\x03\x00".as_slice(), body.as_bytes()].concat(),
    ];
    for damaged in damages {
        shell.write("tree/a.md", &damaged);
        let (summary, message) = partial(&shell, &["tree", "--prune"]);
        assert_eq!(summary["records"]["removed"], 0, "{message}");
        assert!(message.contains("tree/a.md"), "{message}");
        let contents = shell.contents();
        assert!(kept.iter().all(|content| contents.contains(content)), "{contents:?}");
    }
    shell.write("tree/a.md", body);
    shell.ok(["import", "tree"]);
    assert_eq!(shell.contents(), kept, "whole again, it is what it says");
}

#[test]
fn block_of_nuls_in_a_note_leaves_its_words() {
    let shell = Shell::new();
    shell.write("a.txt", [b"before the block\n".as_slice(), &[0; 4096], b"\nbehind the block\n"].concat());
    let (summary, message) = partial(&shell, &["a.txt"]);
    assert_eq!(summary["records"]["added"], 1);
    assert!(message.contains("a.txt:2: 4096 NUL bytes at offset 17"), "{message}");
    assert!(
        shell.contents()[0].contains("before the block") && shell.contents()[0].contains("behind the block")
    );
}

#[test]
fn archive_that_is_named_is_not_skipped_in_silence() {
    let shell = Shell::new();
    shell.write("export.zip", b"PK\x03\x04\x14\0\0\0words");
    assert!(failure(&shell.run(["import", "export.zip"]), 1).contains("export.zip: not text; unpack"));
    shell.write("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0");
    assert_eq!(shell.json(["import", "photo.png", "--json"])["skipped"]["binary"], 1);
}
