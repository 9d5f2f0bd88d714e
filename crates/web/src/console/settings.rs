//! Settings: the organization, members, platform keys, one's own password, and whether a URL could
//! be reached.

use super::{
    agents::{boxes, key_rows, new_key, show},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        entry::{DIGEST, HANDED_OVER, ShownOncePage},
        frame::Section,
        settings::{InvitationRow, MemberRow, OrganizationForm, Settings, UrlVerdict},
        words::{Id, Mark, Problems},
    },
};
use crate::{
    exchange::Exchange,
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
};
use axum::Extension;
use procura_app::{keys, limits::Limit, members, onboarding, organization, screening::SecondOpinion};
use procura_egress::{Lane, Purpose};
use procura_model::{
    AccountId, Error, InvitationId, Reason, Result, Role, Scope, Scopes, Secret, Tenant, TenantSettings, time,
};
use serde::Deserialize;
use std::sync::Arc;

/// The URL that somebody wants to try.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Try {
    url: String,
    #[serde(rename = "done")]
    _done: String,
}

/// The page.
pub(super) async fn settings(desk: Desk, Query(asked): Query<Try>) -> Answer {
    let mut view = view(&desk, None, Problems::none()).await?;
    if !asked.url.is_empty() {
        view.verdict = Some(judge(&desk, &asked.url).await);
        view.url = asked.url;
    }
    page(&view)
}

async fn view(desk: &Desk, form: Option<OrganizationForm>, problems: Problems) -> Result<Settings> {
    let (app, ctx) = (desk.app(), desk.ctx());
    let tenant = organization::get(app, ctx).await?;
    let mut frame = desk.frame("Settings", Section::Settings).await?;
    frame.problems = problems;
    let me = desk.person.signed_in.account;
    let members = members::list(app, ctx).await?.into_iter().map(|member| MemberRow {
        account: Id::of(member.account),
        is_me: member.account == me,
        email: member.email,
        role: member.role,
        joined: desk.when(member.joined_at),
    });
    let invitations = members::open_invitations(app, ctx).await?.into_iter().map(|open| InvitationRow {
        id: Id::of(open.id),
        email: open.email,
        role: open.role,
        expires: desk.when(open.expires_at),
    });
    let usual: Scopes = [Scope::Verify].into_iter().collect();
    let for_keys = |scope: &Scope| !keys::PEOPLE_ONLY.contains(scope);
    let offered: Vec<Scope> = Scope::ALL.iter().copied().filter(for_keys).collect();
    Ok(Settings {
        frame,
        id: Id::of(tenant.id),
        form: form.unwrap_or_else(|| form_of(&tenant)),
        members: members.collect(),
        invitations: invitations.collect(),
        keys: key_rows(desk, &keys::platform(app, ctx).await?),
        scopes: boxes(&offered, usual),
        roles: Role::ALL.to_vec(),
        url: String::new(),
        verdict: None,
        second_opinion: app.settings.second_opinion.as_ref().map(SecondOpinion::in_words),
    })
}

async fn judge(desk: &Desk, url: &str) -> UrlVerdict {
    let lane = Lane::of(desk.ctx().tenant, Purpose::ToolServer);
    let checked = desk.app().egress.check(url, lane).await;
    UrlVerdict {
        mark: if checked.allow { Mark::allowed("Allowed") } else { Mark::denied("Refused") },
        reason: checked.text,
        addresses: checked.connected.iter().map(ToString::to_string).collect(),
    }
}

fn form_of(tenant: &Tenant) -> OrganizationForm {
    let settings = &tenant.settings;
    OrganizationForm {
        name: tenant.name.clone(),
        currency: settings.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        approval_hours: (settings.approval_ttl_ms / time::HOUR_MS).to_string(),
        approval_quorum: settings.approval_quorum.to_string(),
        owners_may_approve: settings.owners_may_approve,
        store_metadata: settings.store_metadata,
        report_only_prompts: settings.report_only_prompts,
        report_only_arguments: settings.report_only_arguments,
        report_only_results: settings.report_only_results,
        report_only_descriptions: settings.report_only_descriptions,
    }
}

fn typed(fields: &Fields) -> OrganizationForm {
    OrganizationForm {
        name: fields.text("name").to_owned(),
        currency: fields.text("currency").to_ascii_uppercase(),
        approval_hours: fields.text("approval_hours").to_owned(),
        approval_quorum: fields.text("approval_quorum").to_owned(),
        owners_may_approve: fields.has("owners_may_approve"),
        store_metadata: fields.has("store_metadata"),
        report_only_prompts: fields.has("report_only_prompts"),
        report_only_arguments: fields.has("report_only_arguments"),
        report_only_results: fields.has("report_only_results"),
        report_only_descriptions: fields.has("report_only_descriptions"),
    }
}

fn read(form: &OrganizationForm) -> std::result::Result<TenantSettings, Problems> {
    let mut problems = Problems::none();
    let currency = match form.currency.as_str() {
        "" => None,
        text => {
            let read = text.parse().ok();
            if read.is_none() {
                problems.add("currency", "A currency has three letters, such as USD.");
            }
            read
        }
    };
    let hours: Option<i64> = form.approval_hours.parse().ok().filter(|hours| (1..=24 * 90).contains(hours));
    if hours.is_none() {
        problems.add("approval_hours", "This must be a whole number from 1 to 2,160.");
    }
    // A form from before there was such a field asks for one person, as it always did.
    let typed_quorum = if form.approval_quorum.is_empty() { "1" } else { form.approval_quorum.as_str() };
    let quorum: Option<u8> = typed_quorum.parse().ok().filter(|people| (1..=10).contains(people));
    if quorum.is_none() {
        problems.add("approval_quorum", "This must be a whole number from 1 to 10.");
    }
    if problems.any() {
        return Err(problems);
    }
    Ok(TenantSettings {
        currency,
        store_metadata: form.store_metadata,
        approval_ttl_ms: hours.unwrap_or(24) * time::HOUR_MS,
        approval_quorum: quorum.unwrap_or(1),
        owners_may_approve: form.owners_may_approve,
        report_only_prompts: form.report_only_prompts,
        report_only_arguments: form.report_only_arguments,
        report_only_results: form.report_only_results,
        report_only_descriptions: form.report_only_descriptions,
        ..TenantSettings::default()
    })
}

/// The page again, with what is wrong.
async fn again(desk: &Desk, error: &Error, field: &'static str) -> Answer {
    wrong(error.reason().http(), &view(desk, None, Problems::of(error, field)).await?)
}

/// Either done, or the page again, or an error's page.
async fn done<T>(desk: &Desk, result: Result<T>, word: &str, field: &'static str) -> Answer {
    match result {
        Ok(_) => go("/settings", word),
        Err(error) if is_about_the_form(&error) => again(desk, &error, field).await,
        Err(error) => Err(Failure(error)),
    }
}

/// Changes the organization.
pub(super) async fn change(desk: Desk, sent: Form) -> Answer {
    let form = typed(&sent.fields);
    match read(&form) {
        Err(problems) => wrong(422, &view(&desk, Some(form), problems).await?),
        Ok(typed) => {
            // Which agents judge AuthZEN's subjects is set on the page of the entities.
            let before = organization::get(desk.app(), desk.ctx()).await?.settings;
            let settings = TenantSettings { authzen_subjects: before.authzen_subjects, ..typed };
            let result = organization::change(desk.app(), desk.ctx(), &form.name, settings).await;
            done(&desk, result, "saved", "name").await
        }
    }
}

/// Invites somebody, and shows the link once.
pub(super) async fn invite(desk: Desk, sent: Form) -> Answer {
    let role: Role = sent.fields.text("role").parse().map_err(|_| Reason::FieldInvalid)?;
    match members::invite(desk.app(), desk.ctx(), sent.fields.text("email"), role).await {
        Ok((invitation, link)) => page(&ShownOncePage {
            frame: desk.look.bare(desk.app(), "The invitation"),
            heading: "The invitation link",
            says: &format!(
                "Hand it to {} yourself: no mail is sent. It works once and is shown this once.",
                invitation.email
            ),
            secret: link.show(),
            kept: DIGEST,
            done: HANDED_OVER,
            next: "/settings",
        }),
        Err(error) if is_about_the_form(&error) => again(&desk, &error, "email").await,
        Err(error) => Err(Failure(error)),
    }
}

/// Takes an invitation back.
pub(super) async fn revoke_invitation(desk: Desk, PathId(id): PathId<InvitationId>, _sent: Form) -> Answer {
    members::revoke_invitation(desk.app(), desk.ctx(), id).await?;
    go("/settings", "invitation-revoked")
}

/// Changes a member's role.
pub(super) async fn set_role(desk: Desk, PathId(id): PathId<AccountId>, sent: Form) -> Answer {
    let role: Role = sent.fields.text("role").parse().map_err(|_| Reason::FieldInvalid)?;
    let result = members::set_role(desk.app(), desk.ctx(), id, role).await;
    done(&desk, result, "role-changed", "").await
}

/// Removes a member, once the address was typed.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<AccountId>, sent: Form) -> Answer {
    let found = members::list(desk.app(), desk.ctx()).await?;
    let member = found.iter().find(|member| member.account == id).ok_or(Reason::NotFound)?;
    if sent.fields.text("confirm") != member.email {
        let error = Reason::FieldInvalid.because("The address that was typed is not the member's.");
        return again(&desk, &error, "").await;
    }
    let result = members::remove(desk.app(), desk.ctx(), id).await;
    done(&desk, result, "member-removed", "").await
}

/// Makes a platform key, and shows it once.
pub(super) async fn create_key(desk: Desk, sent: Form) -> Answer {
    let ask = new_key(&desk, &sent.fields)?;
    match keys::create_platform(desk.app(), desk.ctx(), ask).await {
        Ok(key) => show(&desk, &key, ("The new platform key", "It is shown this once."), "/settings"),
        Err(error) if is_about_the_form(&error) => again(&desk, &error, "key_name").await,
        Err(error) => Err(Failure(error)),
    }
}

/// Changes one's own password. It tries a password, so whoever stole a session cannot guess on and on.
pub(super) async fn password(
    desk: Desk,
    Extension(exchange): Extension<Arc<Exchange>>,
    mut sent: Form,
) -> Answer {
    exchange.count(&desk.web, Limit::Auth, &desk.person.signed_in.account.to_string())?;
    let mut take = |name: &str| sent.fields.secret(name).unwrap_or_else(|| Secret::new(String::new()));
    let (old, new) = (take("old"), take("new"));
    match onboarding::change_password(desk.app(), desk.ctx(), old, new).await {
        Ok(()) => go("/settings", "password-changed"),
        Err(error) if is_about_the_form(&error) => {
            let mut problems = Problems::none();
            let field = if error.reason() == Reason::SignInFailed { "old" } else { "new" };
            problems.add(field, error.sentence());
            wrong(error.reason().http(), &view(&desk, None, problems).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}
