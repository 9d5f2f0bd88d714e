use super::{shape::Type, *};
use serde_json::json;

fn document() -> Value {
    json!({
        "paths": {
            "/v1/verify": {"post": {"requestBody": {"schema": {"$ref": "#/components/schemas/Ask"}}}},
            "/v1/verifying": {"post": {"requestBody": {"schema": {"$ref": "#/components/schemas/Stranger"}}}},
            "/v1/budgets/{id}": {"get": {"responses": {"200": {"schema": {"$ref": "#/components/schemas/List_Money"}}}}},
        },
        "components": {"schemas": {
            "Ask": {"type": "object", "description": "What is\nasked.", "required": ["action", "from"], "properties": {
                "action": {"type": "string", "description": "What."},
                "from": {"type": ["string", "null"]},
                "limit": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]},
                "risk": {"type": "string", "pattern": "^(low|needs_approval)$"},
            }},
            "List_Money": {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items":
                {"type": "object", "required": ["value"], "properties": {"value": {"type": "integer"}}}}}},
            "Money": {"type": "object", "required": ["value"], "properties": {"value": {"type": "integer"}}},
            "Stranger": {"type": "object"},
            "Word": {"type": "string", "enum": ["AMOUNT_MISSING", "ALLOWED"]},
        }},
    })
}

fn types() -> Vec<Type> {
    shape::types(&document(), &["/v1/verify", "/v1/budgets"], &["Word"]).unwrap()
}

#[test]
fn what_the_operations_lead_to_is_made_and_nothing_else() {
    let names: Vec<String> = types().into_iter().map(|made| made.name).collect();
    assert_eq!(names, ["Ask", "List_Money", "Money", "Word"]);
    assert!(shape::types(&document(), &[], &["Missing"]).is_err());
}

#[test]
fn typescript_knows_what_may_be_missing_and_what_may_be_null() {
    let text = typescript::write(&types());
    for wanted in [
        "/**\n * What is\n * asked.\n */\nexport interface Ask {",
        "  /** What. */\n  action: string;\n",
        "  from: string | null;\n",
        "  limit?: Money | null;\n",
        "  risk?: \"low\" | \"needs_approval\";\n",
        "export interface ListMoney {\n  items: Money[];\n}",
        "export type Word = \"AMOUNT_MISSING\" | \"ALLOWED\";",
    ] {
        assert!(text.contains(wanted), "{wanted}\n---\n{text}");
    }
}

#[test]
fn python_gets_by_with_names_that_are_its_own_words() {
    let text = python::write(&types());
    for wanted in [
        "Ask = TypedDict(\"Ask\", {\n    \"action\": str,\n    \"from\": Optional[str],\n",
        "class ListMoney(TypedDict):\n",
        "    items: List[\"Money\"]\n",
        "Word = Literal[\n    \"AMOUNT_MISSING\",\n    \"ALLOWED\",\n]",
    ] {
        assert!(text.contains(wanted), "{wanted}\n---\n{text}");
    }
}

#[test]
fn rust_names_what_has_no_name() {
    let text = rust::write(&types());
    for wanted in [
        "    pub from: Option<String>,\n",
        "    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n    pub limit: Option<Money>,\n",
        "    pub risk: Option<AskRisk>,\n",
        "    AskRisk {\n        Low = \"low\",\n        NeedsApproval = \"needs_approval\",\n    }\n",
        "    pub items: Vec<Money>,\n",
        "        AmountMissing = \"AMOUNT_MISSING\",\n",
    ] {
        assert!(text.contains(wanted), "{wanted}\n---\n{text}");
    }
}

#[test]
fn a_module_exports_the_same_in_both_forms() {
    let text =
        commonjs::write("// why\nexport class A {}\nconst x = 1;\nexport async function b() {}\n").unwrap();
    assert!(text.starts_with("\"use strict\";\n"), "{text}");
    assert!(text.contains("\nclass A {}\nconst x = 1;\nasync function b() {}\n"), "{text}");
    assert!(text.ends_with("\nmodule.exports = {\n  A,\n  b,\n};\n"), "{text}");
    assert!(commonjs::write("import x from \"y\";\n").is_err());
    assert!(commonjs::write("export default 1;\n").is_err());
}
