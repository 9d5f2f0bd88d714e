//! What of the lobby is about approvals: a link that was shown says whose it is and for which approval. The rest of the
//! lobby is in [`crate::lobby`].

use crate::{Lobby, approval_links::ApprovalLink};
use procura_model::{Digest, Result, Role, TenantId, Time};

statements! {
    PEEK_APPROVAL_LINK = "
        SELECT l.tenant_id, l.approval_id, l.account_id, m.role
          FROM approval_links l
          JOIN members m ON m.tenant_id = l.tenant_id AND m.account_id = l.account_id
         WHERE l.digest = $1
           AND l.used_at IS NULL
           AND l.expires_at > $2";
    PRUNE_APPROVAL_LINKS = "
        DELETE FROM approval_links
         WHERE expires_at <= $1";
}

/// What a link to an approval stands for, of somebody who is still a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedApprovalLink {
    /// The organization.
    pub tenant: TenantId,
    /// The link.
    pub link: ApprovalLink,
    /// The role of its person now.
    pub role: Role,
}

impl Lobby<'_> {
    /// What a link to an approval stands for, without using it.
    ///
    /// # Errors
    /// A fault.
    pub async fn peek_approval_link(
        &mut self,
        digest: &Digest,
        now: Time,
    ) -> Result<Option<OpenedApprovalLink>> {
        let row = self.reading().maybe(&PEEK_APPROVAL_LINK, args![digest, now]).await?;
        row.map(|row| {
            Ok(OpenedApprovalLink {
                tenant: row.parse("tenant_id")?,
                link: ApprovalLink {
                    digest: *digest,
                    approval: row.parse("approval_id")?,
                    account: row.parse("account_id")?,
                },
                role: row.parse("role")?,
            })
        })
        .transpose()
    }

    /// Removes links whose time is over.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_approval_links(&mut self, now: Time) -> Result<()> {
        self.writing().run(&PRUNE_APPROVAL_LINKS, args![now]).await
    }
}
