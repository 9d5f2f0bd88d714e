//! Mail leaves through the one relay that the operator names, and through no other: what a mail says and to whom it goes
//! comes from elsewhere, where it goes out does not. TLS is the rule; without it a relay must be on this machine.

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use procura_model::Secret;
use std::{net::IpAddr, time::Duration};

/// The time for a whole mail.
const DEADLINE: Duration = Duration::from_secs(30);

/// How the relay is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Tls,
    /// TLS after STARTTLS, or no mail (RFC 3207).
    StartTls,
    /// In the clear, on this machine alone.
    None,
}

/// Which relay.
#[derive(Debug)]
pub struct RelaySettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// As whom, where it asks.
    pub user: Option<(String, Secret<String>)>,
    /// From whom mails come.
    pub from: String,
}

/// Why a mail is not sent, or no relay can be used. Says nothing of whom it was for.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender is no address.
    #[error("the sender is no e-mail address")]
    From,
    /// In the clear to another machine.
    #[error("without TLS the relay must be on this machine: localhost, 127.0.0.1 or ::1")]
    Clear,
    /// The recipient is no address, or the mail cannot be written.
    #[error("the mail cannot be written")]
    Mail,
    /// The relay cannot be had, or does not take the mail.
    #[error("the relay does not take the mail: {0}")]
    Relay(&'static str),
}

/// The operator's relay.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Relay {
    /// A relay with these settings; nothing is connected yet.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(settings: RelaySettings) -> Result<Self, MailError> {
        let RelaySettings { host, port, security, user, from } = settings;
        let from = from.parse().map_err(|_| MailError::From)?;
        let builder = match security {
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&host),
            Security::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&host),
            Security::None if is_here(&host) => {
                Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host))
            }
            Security::None => return Err(MailError::Clear),
        };
        let mut builder = builder.map_err(|_| MailError::Relay("TLS cannot be set up"))?;
        builder = builder.port(port).timeout(Some(DEADLINE));
        if let Some((name, password)) = user {
            builder = builder.credentials(Credentials::new(name, password.expose().clone()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Sends one mail of plain text.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), MailError> {
        let mail = Message::builder()
            .from(self.from.clone())
            .to(to.parse().map_err(|_| MailError::Mail)?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|_| MailError::Mail)?;
        let sent = tokio::time::timeout(DEADLINE, self.transport.send(mail)).await;
        match sent {
            Err(_) => Err(MailError::Relay("it did not answer in time")),
            Ok(Err(error)) if error.is_permanent() => Err(MailError::Relay("it refused for good")),
            Ok(Err(error)) if error.is_transient() => Err(MailError::Relay("it refused for now")),
            Ok(Err(_)) => Err(MailError::Relay("it cannot be reached, or speaks otherwise")),
            Ok(Ok(_)) => Ok(()),
        }
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    fn settings(host: &str, port: u16, security: Security) -> RelaySettings {
        let from = "Procura <procura@shop.example>".to_owned();
        RelaySettings { host: host.to_owned(), port, security, user: None, from }
    }

    /// Speaks as much of RFC 5321 as one mail needs, and gives what it was told.
    async fn relay(listener: TcpListener, accepts: bool) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut lines, mut heard, mut in_mail) = (BufReader::new(read).lines(), Vec::new(), false);
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "." if in_mail => {
                    in_mail = false;
                    "250 taken\r\n"
                }
                _ if in_mail => "",
                "DATA" => {
                    in_mail = true;
                    "354 go on\r\n"
                }
                "RCPT" if !accepts => "550 nobody here\r\n",
                "QUIT" => "221 bye\r\n",
                _ => "250 well\r\n",
            };
            heard.push(line);
            write.write_all(answer.as_bytes()).await.unwrap();
            if answer.starts_with("221") {
                break;
            }
        }
        heard
    }

    #[tokio::test]
    async fn a_mail_reaches_the_relay_as_it_was_written() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = Relay::new(settings("127.0.0.1", port, Security::None)).unwrap();
        let sending = async move {
            own.send("ada@mail.example", "An agent asks", "Open this:\n\nhttps://p.example/claim/x\n").await
        };
        let (heard, sent) = tokio::join!(relay(listener, true), sending);
        sent.unwrap();
        for wanted in [
            "MAIL FROM:<procura@shop.example>",
            "RCPT TO:<ada@mail.example>",
            "Subject: An agent asks",
            "https://p.example/claim/x",
        ] {
            assert!(heard.iter().any(|line| line.starts_with(wanted)), "{wanted}: {heard:#?}");
        }
    }

    #[tokio::test]
    async fn what_the_relay_says_of_a_person_is_not_repeated() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = Relay::new(settings("127.0.0.1", port, Security::None)).unwrap();
        let sending = async move { own.send("ada@mail.example", "x", "y").await };
        let (_, sent) = tokio::join!(relay(listener, false), sending);
        assert_eq!(sent.unwrap_err().to_string(), "the relay does not take the mail: it refused for good");
        let bad = own_error("ada@mail.example\r\nBcc: all@mail.example").await;
        assert_eq!(bad.to_string(), "the mail cannot be written");
    }

    async fn own_error(to: &str) -> MailError {
        let own = Relay::new(settings("127.0.0.1", 1, Security::None)).unwrap();
        own.send(to, "x", "y").await.unwrap_err()
    }

    #[test]
    fn in_the_clear_goes_nowhere_but_here() {
        for (host, is_right) in
            [("localhost", true), ("::1", true), ("mail.example", false), ("10.0.0.1", false)]
        {
            assert_eq!(Relay::new(settings(host, 25, Security::None)).is_ok(), is_right, "{host}");
        }
        assert!(Relay::new(settings("mail.example", 465, Security::Tls)).is_ok());
        assert!(Relay::new(settings("mail.example", 587, Security::StartTls)).is_ok());
        let from = "nobody".to_owned();
        let nobody = RelaySettings { from, ..settings("mail.example", 465, Security::Tls) };
        assert!(matches!(Relay::new(nobody), Err(MailError::From)));
    }
}
