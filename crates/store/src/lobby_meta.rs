//! What of the lobby is about the deployment itself: facts of which there is one, such as its id. The rest of the lobby is
//! in [`crate::lobby`].

use crate::Lobby;
use procura_model::Result;

statements! {
    META_GET = "
        SELECT value
          FROM meta
         WHERE name = $1";
    META_SET = "
        INSERT INTO meta (name, value)
        VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    META_CLAIM = "
        INSERT INTO meta (name, value)
        VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING
     RETURNING name";
}

impl Lobby<'_> {
    /// A fact about the deployment, such as its id.
    ///
    /// # Errors
    /// A fault.
    pub async fn meta(&mut self, name: &str) -> Result<Option<String>> {
        self.reading().maybe(&META_GET, args![name]).await?.map(|row| row.text("value")).transpose()
    }

    /// Sets a fact about the deployment.
    ///
    /// # Errors
    /// A fault.
    pub async fn set_meta(&mut self, name: &str, value: &str) -> Result<()> {
        self.writing().run(&META_SET, args![name, value]).await
    }

    /// Sets a fact that is set once, and answers whether this call did it; of many who try, one does.
    ///
    /// # Errors
    /// A fault.
    pub async fn claim_meta(&mut self, name: &str, value: &str) -> Result<bool> {
        Ok(self.writing().maybe(&META_CLAIM, args![name, value]).await?.is_some())
    }
}
