// Sessions for an API with NestJS; the token travels in a header. docs/frameworks.md has a guard and a filter, too. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import { Controller, createParamDecorator, type ExecutionContext, Get, HttpCode, Module, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { headerTransport, memoryStore, type Session, SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/express";

const CurrentSession = createParamDecorator((_, host: ExecutionContext) => host.switchToHttp().getRequest().session);

@Controller()
class AccountController {
  @Post("login") @HttpCode(200) async login(@CurrentSession() session: Session) {
    return { session_token: await session.signIn("1", { data: { username: "john_doe" } }) };
  }
  @Get("profile") profile(@CurrentSession() session: Session) {
    return { username: session.get("username"), user_id: Number(session.userId) };
  }
  @Post("logout") @HttpCode(200) async logout(@CurrentSession() session: Session) {
    await session.signOut();
    return { message: "Logged out successfully" };
  }
}
@Module({ controllers: [AccountController] })
class App {}

const app = await NestFactory.create(App, { logger: ["warn", "error"] });
app.use(sessions(new SessionManager({ store: memoryStore(), transports: [headerTransport()] })));
app.use("/profile", requireSession());
await app.listen(process.env.PORT ?? 3000);
