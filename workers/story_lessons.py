"""Plots of the built-in stories in which somebody learns something from what follows."""

from workers.story_plot import Plot

__all__ = ["LESSONS"]

_SHARED_FOOD = Plot(
    """
    One day, {his} {elder} gave {him} {whole}. "[This is for you | You can take it with you]," said {his} {elder}.
    {hero} was [so happy | very glad] and went {to} to eat the {food}.

    [There | Soon] {hero} met {friend_full}. {friend} [looked at the {food}. | smelled the {food}.] "[I am so hungry |
    I have not had lunch today]," said {friend}. "{why}"

    {choice}

    {result} [Both of them laughed. | Their bellies were full and warm. | It was a good day.]

    At home, {hero} told {his} {elder} all about it. "[What did you learn? | And how do you feel now?]" asked {his}
    {elder}. {hero} [thought for a moment. | smiled.] "{lesson}"
    """,
    (
        {
            "why": "A dog ate my lunch when I was not looking.",
            "choice": '"Here is {share} for you," said {hero} at once. {friend} ate it with a big smile.',
            "result": "Later {friend} found a nut tree and showed it to {hero}. They filled {his} bag with nuts.",
            "lesson": "When I share, I get more than I give.",
        },
        {
            "why": "I dropped my lunch into the water.",
            "choice": '"No, it is all mine," said {hero}. {friend} went away. {hero} ate alone, and the {food} '
            "did not taste so good.",
            "result": 'Then {hero} felt sorry. {He} ran after {friend} and said, "I am sorry. Please take {share}." '
            "{friend} took it, and they were friends again.",
            "lesson": "Food tastes best when we eat it together.",
        },
        {
            "why": "I gave my lunch to my little sister.",
            "choice": '"That was kind," said {hero}. "Now I will be kind to you." {He} gave {friend} {share}.',
            "result": "The little sister came, too, and brought a song with her. They all sang it together.",
            "lesson": "One kind deed brings the next one.",
        },
    ),
)

_SMALL_HELP = Plot(
    """
    One [morning | day], {hero} walked {to}. [The birds were singing. | The sun was warm. | The air was fresh.] Then
    {he} heard a small voice. "[Help me | Please, help me]," said the voice.

    It was {animal}. {trouble} "[Wait | Do not be afraid]," said {hero}. "[I will help you. | I know what to do.]"
    {help}

    "[Thank you! | You are very kind!]" said {small}. "[One day I will help you, too. | I will never forget this.]"
    {hero} [laughed, because {small} was so small. | smiled and waved.] "[How could you help me? | You are so small!]"
    {he} said.

    A few days later, {hero} came back with {friend_full}. {problem} [They did not know what to do. | They
    tried and tried, but nothing worked.] Then {small} came. {return_help}

    "[You see | Now you know]," said {small}, "[even a small friend can be a big help. | one is never too small to
    help.]" {hero} and {friend} [thanked {small} and shared {share} with their new friend. | said thank you, and the
    three of them became good friends.]
    """,
    (
        {
            "animal": "a little bird",
            "small": "the bird",
            "trouble": "Its foot was stuck in a thorn bush.",
            "help": "{He} moved the thorns away, one by one, and the bird was free.",
            "problem": "They walked too far and could not find the way home.",
            "return_help": "It flew up high, saw the house, and showed them the way.",
        },
        {
            "animal": "a tiny ant",
            "small": "the ant",
            "trouble": "It had fallen into a puddle and could not swim.",
            "help": "{He} put a leaf on the water, and the ant climbed onto it.",
            "problem": "Then they lost the key of the house in the tall grass.",
            "return_help": "It called all the other ants, and together they found the key and carried it.",
        },
        {
            "animal": "a gray turtle",
            "small": "the turtle",
            "trouble": "It lay on its back and could not turn over.",
            "help": "{He} pushed with both hands, and the turtle stood on its feet again.",
            "problem": "{friend} had a {adjective} {toy} there, but it fell into the water and floated away.",
            "return_help": "It swam out and pushed the {toy} back to them.",
        },
        {
            "animal": "a brown squirrel",
            "small": "the squirrel",
            "trouble": "Its winter nuts had rolled down into a deep hole.",
            "help": "{He} found a long stick and pushed the nuts up, one by one.",
            "problem": "{friend} had a {adjective} {toy} there, but now it was stuck at the top of a tree.",
            "return_help": "It ran up the tree and threw the {toy} down to them.",
        },
    ),
)

_SLOW_SEED = Plot(
    """
    {hero} did not like to wait. [{He} wanted everything at once. | Waiting was the hardest thing for {him}.] One spring
    day, {his} {elder} gave {him} a small seed. "[Put it into the ground and see | This is a gift that takes time],"
    said {his} {elder}. "{promise}"

    {hero} put the seed into the ground. [On the first day nothing came up. | {He} looked at the ground all day, but
    nothing came up.] "[Is it broken? | Why is it so slow?]" {he} asked. {His} {elder} [shook {elder_his} head. |
    smiled.] "{need}"

    {mistake} Then {friend_full} came to visit. {friend} said, "{advice}" {hero} [listened well. | did not like to hear
    it, but it was true.] {care}

    [One morning | After many days], there was a tiny green leaf. [Every day it grew a little. | It grew and grew.] In
    summer {grown} "[It was worth the wait | Now I know how to wait]," said {hero}. [{He} shared it with {friend}. |
    {He} and {friend} danced around it. | {He} kept one new seed for the next spring.]
    """,
    (
        {
            "promise": "One day it will be a yellow flower.",
            "need": "It needs water, but not too much.",
            "mistake": "{hero} gave it so much water that there was a puddle.",
            "advice": "You give it too much. It cannot breathe!",
            "care": "From then on, {he} gave it one cup of water in the morning.",
            "grown": "there was a yellow flower, as tall as {hero}.",
        },
        {
            "promise": "One day it will be a big orange pumpkin.",
            "need": "It needs time under the ground, where it is warm.",
            "mistake": "{hero} took the seed out of the ground every day to look at it.",
            "advice": "You take it out too often. It cannot sleep!",
            "care": "So {he} put it back, and from then on {he} only sang to it.",
            "grown": "there was a pumpkin so big that {hero} could sit on it.",
        },
        {
            "promise": "One day it will be a bush full of red berries.",
            "need": "It needs the light of the sun.",
            "mistake": "{hero} built a roof over it, so that no bird could come near.",
            "advice": "You hide it from the sun. It cannot see!",
            "care": "So {he} took the roof away and stood by to tell the birds to go.",
            "grown": "there was a bush with more red berries than {hero} could count.",
        },
    ),
)

_FAST_AND_SLOW = Plot(
    """
    {hero} could run very fast. [Nobody was as fast as {him}. | {He} ran everywhere, even to bed.] One day there was a
    race {at}. The prize was a {adjective} {toy}. "[I will win it for sure | Nobody can beat me]," said {hero}.

    {friend_cap} was in the race, too. {friend} was [slow but careful. | not fast, but never gave up.] "[Good luck! |
    Let us both do our best!]" said {friend}. {hero} only laughed. [One, two, three, and they ran! | A bell rang, and
    the race began.]

    {hero} was far ahead. {pride} {slip} {friend} came closer and closer. Then {friend} saw {hero} and stopped.
    "[Are you hurt? | Do you need help?]" asked {friend}. {aid}

    "[Why did you stop? | You could have won the race!]" said {hero}. {friend} said, "[A friend is more than a {toy}. |
    I would rather have a friend than a {toy}.]" So they walked [to the end side by side. | over the line hand in
    hand.] They [both won, and they shared the {toy}. | won together, and everyone clapped.] {after}
    """,
    (
        {
            "pride": "{He} looked back to laugh at the others and did not see the big stone.",
            "slip": "{He} fell over it and hurt {his} knee.",
            "aid": "{friend} put a cool leaf on the knee and helped {him} up.",
            "after": "After that, {hero} looked where {he} was going.",
        },
        {
            "pride": "{He} wanted to take the short way, so {he} ran through the mud.",
            "slip": "{His} feet got stuck, and {he} could not move at all.",
            "aid": "{friend} held out a branch and pulled {him} out.",
            "after": "After that, {hero} knew that the short way is not always the fast way.",
        },
        {
            "pride": "{He} had so much time that {he} lay down in the soft grass.",
            "slip": "A bee sat there, and it stung {him} in the foot.",
            "aid": "{friend} took out the sting and put cold water on the foot.",
            "after": "After that, {hero} did not rest before the work was done.",
        },
    ),
)

LESSONS = (_SHARED_FOOD, _SMALL_HELP, _SLOW_SEED, _FAST_AND_SLOW)
