"""The hub's own texts where the file has no others, in the languages of the chat page.

No text shows whether a man or a woman reads it. Placeholders are used in the base form of a word,
so that every length of time and every channel fits.
"""

from __future__ import annotations

#: For customers who must wait.
QUEUED = {
    "en": "You are number {position}. About {wait}.",
    "ar": "رقمك في قائمة الانتظار: {position}. مدة الانتظار المتوقعة: {wait}.",
    "fa": "شمارهٔ شما در صف: {position}. زمان انتظار: حدود {wait}.",
    "et": "Olete järjekorras number {position}. Ooteaeg on umbes {wait}.",
    "pl": "Numer w kolejce: {position}. Przewidywany czas oczekiwania: {wait}.",
}

#: For messages outside opening hours.
OFFLINE = {
    "en": "We are back {opens}. Leave your question, the answer will find you here or by "
    "{fallback}.",
    "ar": "سنعود {opens}. يمكنك ترك سؤالك الآن، وستصلك الإجابة هنا أو عبر {fallback}.",
    "fa": "{opens} برمی‌گردیم. پرسش خود را بنویسید؛ پاسخ همین‌جا یا از راه {fallback} به شما می‌رسد.",
    "et": "Oleme tagasi {opens}. Jätke oma küsimus: vastus jõuab teieni siin või muu kanali kaudu "
    "({fallback}).",
    "pl": "Wrócimy {opens}. Prosimy zostawić pytanie: odpowiedź przyjdzie tutaj lub innym kanałem "
    "({fallback}).",
}

#: Said to whoever goes on with a thread elsewhere.
WELCOME = {
    "en": "Thank you, we can go on here. We have all you told us: nothing needs repeating.",
    "ar": "شكرًا لك، يمكننا المتابعة هنا. كل ما أخبرتنا به موجود لدينا، فلا حاجة إلى تكرار أي شيء.",
    "fa": "سپاسگزاریم، می‌توانیم همین‌جا ادامه دهیم. هر چه گفته‌اید نزد ماست و نیازی به تکرار نیست.",
    "et": "Aitäh, võime siin jätkata. Kõik, mida rääkisite, on meil olemas: korrata pole vaja.",
    "pl": "Dziękujemy, możemy rozmawiać dalej tutaj. Wszystko już wiemy: nic nie trzeba powtarzać.",
}

#: Said to whoever may want to go on elsewhere.
OFFER = {
    "en": "You need not wait here. Go on where you like, nothing needs repeating:\n{links}",
    "ar": "لا داعي للانتظار هنا. يمكنك المتابعة بالطريقة المفضلة لديك دون تكرار أي شيء:\n{links}",
    "fa": "لازم نیست اینجا منتظر بمانید. هر جا که می‌خواهید ادامه دهید، تکرار لازم نیست:\n{links}",
    "et": "Siin pole vaja oodata. Jätkake seal, kus soovite, midagi pole vaja korrata:\n{links}",
    "pl": "Nie trzeba tu czekać. Można kontynuować gdzie indziej, bez powtarzania:\n{links}",
}
