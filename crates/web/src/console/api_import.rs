//! Tools from an OpenAPI document: first what it would make and what it leaves out, then, once somebody has
//! chosen, the tools. The document goes back and forth in the form, so nothing is kept in between.

use super::{
    api_form as form,
    api_tools::{api_of, choices, create, redeclare},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        api_tools::{ApiForm, ApiImport, ApiPreview, FoundTool},
        frame::Section,
        words::{Id, Problems},
    },
};
use crate::{extract::Id as PathId, form::Form, respond::Failure};
use procura_app::openapi_import::{self, ImportAsk, Imported};
use procura_model::{ApiServer, ApiTool, Error, Json, Result, Scope, ServerId, ToolServer};

/// The server to which tools are added, where it is one that exists.
type Target = Option<(ToolServer, ApiServer)>;

/// What somebody chose.
struct Chosen {
    document: String,
    /// The names of the tools that are ticked.
    tools: Vec<String>,
    form: ApiForm,
}

/// The form that takes a document for a new API.
pub(super) async fn new_page(desk: Desk) -> Answer {
    ask(&desk, None, (String::new(), Problems::none())).await
}

/// The form that takes a document for an API that exists.
pub(super) async fn more_page(desk: Desk, PathId(id): PathId<ServerId>) -> Answer {
    let target = Some(api_of(&desk, id).await?);
    ask(&desk, target, (String::new(), Problems::none())).await
}

/// Shows what a document would make as a new API, or makes it.
pub(super) async fn import(desk: Desk, sent: Form) -> Answer {
    take(&desk, None, sent).await
}

/// Shows what a document would add to an API, or adds it.
pub(super) async fn import_more(desk: Desk, PathId(id): PathId<ServerId>, sent: Form) -> Answer {
    let target = Some(api_of(&desk, id).await?);
    take(&desk, target, sent).await
}

async fn ask(desk: &Desk, target: Target, (document, problems): (String, Problems)) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let is_wrong = problems.any();
    let mut frame = desk.frame("Import from OpenAPI", Section::Tools).await?;
    frame.problems = problems;
    let view = ApiImport { frame, server: named(&target), document };
    if is_wrong { wrong(422, &view) } else { page(&view) }
}

fn named(target: &Target) -> Option<(Id, String)> {
    target.as_ref().map(|(server, _)| (Id::of(server.id), server.name.clone()))
}

async fn take(desk: &Desk, target: Target, mut sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let document = sent.fields.all("document").next().unwrap_or_default().to_owned();
    let asked = ImportAsk { document: Json::Text(document.clone()), base_url: None, include: None };
    let made = match openapi_import::import(&asked) {
        Ok(made) => made,
        Err(error) if is_about_the_form(&error) => {
            return ask(desk, target, (document, about_the_document(&error))).await;
        }
        Err(error) => return Err(Failure(error)),
    };
    if !sent.fields.has("make") {
        let tools = made.tools.iter().map(|tool| tool.name.clone()).collect();
        let chosen = Chosen { document, tools, form: suggested(&made) };
        return page(&preview(desk, &target, (&made, chosen), Problems::none()).await?);
    }
    let tools = sent.fields.all("tool").map(str::to_owned).collect();
    let chosen = Chosen { document, tools, form: form::typed(&sent.fields) };
    let problems = match make(desk, &target, (&made, &chosen), &mut sent).await? {
        Ok(server) => return go(&format!("/tools/{server}"), "tools-imported"),
        Err(problems) => problems,
    };
    wrong(422, &preview(desk, &target, (&made, chosen), problems).await?)
}

/// The sentence begins with the field's name, which the form has as well.
fn about_the_document(error: &Error) -> Problems {
    let sentence = error.sentence();
    let mut problems = Problems::none();
    problems.add(
        "document",
        sentence.strip_prefix("document").map_or(sentence.to_owned(), |rest| format!("The document{rest}")),
    );
    problems
}

/// The form of an API as the document describes it.
fn suggested(made: &Imported) -> ApiForm {
    let mut form = form::fresh();
    form.name = slug(&made.title);
    form.base_url = made.base_url.clone().unwrap_or_default();
    form.audience.clone_from(&form.base_url);
    if let Some(credential) = &made.credential {
        form.header.clone_from(&credential.header);
        credential.prefix.trim_end().clone_into(&mut form.prefix);
    }
    form
}

/// A title as a server's name: lower-case letters, digits and `-`, at most 32.
fn slug(title: &str) -> String {
    let plain = title.to_lowercase();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    name.chars().take(32).collect::<String>().trim_end_matches('-').to_owned()
}

async fn preview(
    desk: &Desk,
    target: &Target,
    (made, chosen): (&Imported, Chosen),
    problems: Problems,
) -> Result<ApiPreview> {
    let mut frame = desk.frame("Choose the tools", Section::Tools).await?;
    frame.problems = problems;
    let known =
        |name: &str| target.as_ref().is_some_and(|(_, api)| api.tools.iter().any(|tool| tool.name == name));
    let found = |tool: &ApiTool| FoundTool {
        name: tool.name.clone(),
        method: tool.method.as_str(),
        path: tool.path.clone(),
        description: tool.description.clone(),
        is_ticked: chosen.tools.contains(&tool.name),
        is_known: known(&tool.name),
    };
    Ok(ApiPreview {
        frame,
        server: named(target),
        found: made.tools.iter().map(found).collect(),
        warnings: made.warnings.clone(),
        document: chosen.document,
        form: chosen.form,
        agents: choices(desk).await?,
        has_credential: false,
    })
}

/// Makes the ticked tools; what is wrong with the form comes back.
async fn make(
    desk: &Desk,
    target: &Target,
    (made, chosen): (&Imported, &Chosen),
    sent: &mut Form,
) -> Result<std::result::Result<ServerId, Problems>> {
    let ticked: Vec<ApiTool> =
        made.tools.iter().filter(|tool| chosen.tools.contains(&tool.name)).cloned().collect();
    if ticked.is_empty() {
        let mut problems = Problems::none();
        problems.add("tool", "Tick at least one tool.");
        return Ok(Err(problems));
    }
    let result = match target {
        Some((server, api)) => redeclare(desk, server.clone(), with(api, ticked)).await,
        None => match form::read(&chosen.form) {
            Err(problems) => return Ok(Err(problems)),
            Ok((api, settings)) => {
                let credential = form::credential(&mut sent.fields);
                let api = ApiServer { tools: ticked, ..api };
                create(desk, &chosen.form.name, (api, settings, credential)).await
            }
        },
    };
    match result {
        Ok(server) => Ok(Ok(server.id)),
        Err(error) if is_about_the_form(&error) => Ok(Err(form::placed(&error))),
        Err(error) => Err(error),
    }
}

/// The same API with these tools: in the place of those of the same name, or after all others.
fn with(api: &ApiServer, tools: Vec<ApiTool>) -> ApiServer {
    let mut api = api.clone();
    for tool in tools {
        match api.tools.iter_mut().find(|other| other.name == tool.name) {
            Some(place) => *place = tool,
            None => api.tools.push(tool),
        }
    }
    api
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::server::is_server_name;

    #[test]
    fn a_title_becomes_a_name_that_a_server_can_have() {
        assert_eq!(slug("Shop API (v2.1)"), "shop-api-v2-1");
        assert_eq!(slug("2checkout"), "checkout");
        assert!(is_server_name(&slug(&"Ein sehr langer Name ".repeat(5))));
        assert_eq!(slug("日本"), "");
    }

    #[test]
    fn imported_tools_take_the_place_of_their_namesakes() {
        let tool = |name: &str, path: &str| -> ApiTool {
            serde_json::from_str(&format!(r#"{{"name":"{name}","method":"GET","path":"{path}"}}"#)).unwrap()
        };
        let api = ApiServer {
            base_url: "https://api.example".to_owned(),
            credential: procura_model::api_server::CredentialForm::default(),
            user: procura_model::api_server::UserForward::None,
            tools: vec![tool("a", "/a"), tool("b", "/b")],
        };
        let merged = with(&api, vec![tool("b", "/new"), tool("c", "/c")]);
        let paths: Vec<_> = merged.tools.iter().map(|tool| tool.path.as_str()).collect();
        assert_eq!(paths, ["/a", "/new", "/c"]);
    }
}
