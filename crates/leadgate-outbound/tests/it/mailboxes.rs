//! What a mail server is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leadgate_core::delivery::Outbound as _;
use leadgate_core::rules::Rules;
use leadgate_outbound::Courier;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::addresses::always;
use crate::courier::{deliver, deliver_looking_up, parcel};

/// A mail server for one message: its address, and what it was told.
async fn mail_server(answer_to_message: &'static str) -> (String, oneshot::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, hears) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut lines, mut all, mut in_message) = (BufReader::new(read).lines(), Vec::new(), false);
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match (in_message, line.as_str()) {
                (true, ".") => answer_to_message,
                (true, _) => "",
                (false, "DATA") => "354 go on\r\n",
                (false, "QUIT") if answer_to_message.contains("silence") => "",
                (false, "QUIT") => "221 bye\r\n",
                (false, line) if line.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN\r\n",
                (false, _) => "250 ok\r\n",
            };
            in_message = line == "DATA" || in_message && line != ".";
            all.push(line);
            if write.write_all(answer.as_bytes()).await.is_err() {
                break;
            }
        }
        drop(told.send(all));
    });
    (address, hears)
}

fn rules(address: &str) -> String {
    format!(
        "[destinations.it]\nkind = \"email\"\nsmtp = \"smtp://{address}?tls=none\"\nfrom = \"Leadgate <lg@example.com>\"\n
         to = [\"sales@example.com\"]\nallow = [\"127.0.0.1\"]"
    )
}

#[tokio::test]
async fn a_message_goes_to_the_usual_receivers_under_one_id() {
    let (address, hears) = mail_server("250 ok\r\n").await;
    let answer =
        deliver(&rules(&address), json!({"subject": "Ada\r\nBcc: x@example.com", "text": "moved to Won"})).await;
    assert_eq!((answer.result, answer.status), (Ok(()), Some(250)));
    let told = hears.await.unwrap().join("\n");
    for expected in
        ["MAIL FROM:<lg@example.com>", "RCPT TO:<sales@example.com>", "Message-ID: <msg_1@example.com>", "moved to Won"]
    {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    assert!(!told.contains("\nBcc:"), "{told}");
}

#[tokio::test]
async fn a_content_may_name_other_receivers() {
    let (address, hears) = mail_server("250 ok\r\n").await;
    deliver(&rules(&address), json!({"to": ["ada@example.com"], "subject": "x", "text": "y"})).await;
    assert!(hears.await.unwrap().contains(&"RCPT TO:<ada@example.com>".to_owned()));
}

#[tokio::test]
async fn a_refusal_and_a_trouble_are_told_apart() {
    for (said, class, status) in [("550 no\r\n", "refused", 550), ("451 later\r\n", "trouble", 451)] {
        let (address, _hears) = mail_server(said).await;
        let answer = deliver(&rules(&address), json!({"subject": "x", "text": "y"})).await;
        assert_eq!((answer.class(), answer.status), (class, Some(status)));
    }
}

#[tokio::test]
async fn nothing_to_say_is_not_sent() {
    let answer = deliver(&rules("127.0.0.1:1"), json!({"subject": " "})).await;
    assert_eq!(answer.class(), "unusable");
}

#[tokio::test]
async fn a_password_arrives_sign_for_sign() {
    const PASSWORD: &str = "a&b=c%41+d e@f/g:h#i?ü";
    let (address, hears) = mail_server("250 ok\r\n").await;
    let rules = rules(&address).replace("smtp://", "smtp://me%40example.com:$PASSWORD@");
    let rules = Rules::parse(&rules, &|name| (name == "PASSWORD").then(|| PASSWORD.to_owned())).unwrap();
    let answer = Courier::new(&rules.destinations).deliver(parcel(json!({"subject": "x", "text": "y"}))).await;
    assert_eq!(answer.result, Ok(()));
    let told = hears.await.unwrap();
    let said = told.iter().find_map(|line| line.strip_prefix("AUTH PLAIN ")).unwrap();
    let said = String::from_utf8(STANDARD.decode(said).unwrap()).unwrap();
    assert_eq!(said, format!("\0me@example.com\0{PASSWORD}"));
}

#[tokio::test]
async fn the_next_address_of_the_server_is_tried_if_the_first_does_not_answer() {
    let (address, hears) = mail_server("250 ok\r\n").await;
    let port = address.rsplit(':').next().unwrap();
    // Nobody listens at the first.
    let rules = rules(&format!("smtp.example.com:{port}")).replace("127.0.0.1\"]", "127.0.0.0/8\"]");
    let look_up = always(&["127.0.0.2", "127.0.0.1"]);
    let answer = deliver_looking_up(&rules, json!({"subject": "x", "text": "y"}), look_up).await;
    assert_eq!(answer.result, Ok(()));
    assert!(hears.await.unwrap().contains(&"RCPT TO:<sales@example.com>".to_owned()));
}

#[tokio::test]
async fn a_server_that_says_no_goodbye_has_taken_the_message() {
    let (address, _hears) = mail_server("250 ok, then silence\r\n").await;
    let answer = deliver(&format!("{}\ntimeout = \"2s\"", rules(&address)), json!({"subject": "x", "text": "y"})).await;
    assert_eq!(answer.result, Ok(()));
}
