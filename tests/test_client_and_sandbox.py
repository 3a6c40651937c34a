"""The sandbox accepts every content that the client accepts: both implement LANCK's documentation independently."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from django_lanck.channels import LANCK_CODE_CHANNELS
from django_lanck.client import RCS, SMS, Flash, PinToSpeech, Push, Step, TextToSpeech, Verify, Viber
from django_lanck.conf import LANGUAGES
from django_lanck.sandbox import operations

NUMBER = "+12015550123"

words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
codes = st.from_regex(r"[0-9]{4,6}", fullmatch=True)
names = st.none() | st.from_regex(r"[A-Za-z0-9]{1,11}", fullmatch=True)
numbers = st.none() | st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
languages = st.none() | st.sampled_from(LANGUAGES)
addresses = st.from_regex(r"https?://[a-z0-9]{1,20}\.example/[A-Za-z0-9/_.?=&%-]{0,40}", fullmatch=True)
options = st.none() | st.dictionaries(words, words | st.integers(-5, 5), min_size=1, max_size=3)
texts = [
    st.builds(SMS, words, sender=names),
    st.builds(
        Push,
        words,
        title=st.none() | words,
        target=st.none() | words,
        ttl=st.none() | st.integers(1, 86_400),
        collapse_key=st.none() | words,
        android=options,
        ios=options,
    ),
    st.builds(Viber, words, sender=names, image_url=st.none() | addresses),
    st.builds(Viber, words, button_caption=words, button_action_url=addresses),
    st.builds(RCS, words),
]
steps = st.one_of(*texts, st.builds(Step, st.sampled_from(["whatsapp", "telegram"]), st.just({"text": "Hi"})))


@st.composite
def flows(draw):
    flow = draw(steps).then(draw(steps), wait=draw(st.integers(1, 86_400)), unless=draw(st.sampled_from(["read"])))
    for _ in range(draw(st.integers(0, 3))):
        flow = flow.then(draw(steps), wait=draw(st.integers(1, 600)), unless="delivered")
    return flow


contents = st.one_of(
    *texts,
    flows(),
    st.builds(Flash, code=st.none() | codes, sender=numbers),
    st.builds(PinToSpeech, codes, sender=numbers, language=languages),
    st.builds(TextToSpeech, words, sender=numbers, language=st.sampled_from([None, "en", "ru"])),
    st.builds(
        Verify,
        st.sampled_from(LANCK_CODE_CHANNELS),
        language=languages,
        code_length=st.sampled_from([None, 4, 5, 6]),
        ip=st.none() | st.ip_addresses().map(str),
        code_expiry=st.none() | st.integers(1, 86_400),
        check_attempts_allowed=st.none() | st.integers(1, 1_000),
    ),
)


@given(contents)
def test_sandbox_accepts_what_the_client_accepts(content):
    parameters = {
        "number": NUMBER,
        **content.parameters(),
        "callbackUrl": "https://www.example.com/lanck/receipts/1:x/",
    }
    operation, _ = operations.resolve("POST", content.path.removeprefix("/"))
    if not any(isinstance(value, dict | list) for value in parameters.values()):
        parameters = dict(
            parse_qsl(urlencode({name: str(value) for name, value in parameters.items()}), keep_blank_values=True)
        )
    assert operation.parse(parameters, "")["number"] == NUMBER
